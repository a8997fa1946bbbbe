drop view campaign.members;
drop trigger drop_links on campaign.campaigns;
drop table campaign.names, campaign.campaign_voters, campaign.voters;
drop function campaign.count_voters, campaign.unlink_voter, campaign.change_voter, campaign.create_voter,
    campaign.remember_names, campaign.nearest_names, campaign.drop_links_of_campaigns, campaign.drop_links_of_voters,
    campaign.refuse_change, campaign.check_new_links, campaign.lock_links;
