-- Deleting a user looks for the imports that name it.
create index imports_created_by on campaign.imports (created_by) where created_by is not null;
