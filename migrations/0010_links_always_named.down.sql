alter table campaign.campaign_voters
    alter column first_folded drop not null, alter column first_folded drop default,
    alter column last_folded drop not null, alter column last_folded drop default;
