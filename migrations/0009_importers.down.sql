drop index campaign.imports_created_by;
