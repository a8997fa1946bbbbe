-- The roles stay: another database of the cluster may use them.
drop table core.idempotency_keys;
drop table campaign.campaigns;
drop schema campaign cascade;
drop schema website cascade;
