drop function core.claim_jobs, core.settle_jobs, core.extend_jobs, core.rescue_jobs;
drop table core.jobs;
