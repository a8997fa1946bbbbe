drop view campaign.members;
drop function campaign.count_voters, campaign.unlink_voter, campaign.change_voter, campaign.create_voter,
    campaign.remember_names, campaign.nearest_names;
drop table campaign.names, campaign.campaign_voters, campaign.voters;
