"""The rules of docs/database.md that a migration could forget, read from the catalogue of a migrated database."""

import pytest

OURS = "n.nspname in ('core', 'website', 'campaign')"


def offenders(database, statement):
    return [row[0] for row in database.sql(statement)]


def test_columns_use_the_types_of_the_house(database):
    """Times carry their zone, text has no padding, JSON is binary, money is whole cents, ids are identities."""
    found = offenders(
        database,
        f"""select format('%I.%I.%I %s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod))
            from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where {OURS} and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
              and (a.atttypid in ('timestamp'::regtype, 'timetz'::regtype, 'json'::regtype, 'money'::regtype,
                                  'bpchar'::regtype, 'varchar'::regtype)
                   or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')""",
    )
    assert found == []


def test_what_a_campaign_may_touch_is_fenced(database):
    """A table with campaign_id on which townhall_app has any right has row-level security, and a policy."""
    found = offenders(
        database,
        f"""select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where {OURS} and c.relkind in ('r', 'p')
              and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'campaign_id'
                          and not a.attisdropped)
              and (has_any_column_privilege('townhall_app', c.oid, 'select, insert, update, references')
                   or has_table_privilege('townhall_app', c.oid, 'delete, truncate, trigger'))
              and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))""",
    )
    assert found == []


def test_functions_that_act_as_their_owner_are_guarded(database):
    """No function that acts with its owner's rights may be called by everybody, or follows the caller's search path."""
    everybody = offenders(
        database,
        f"""select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where {OURS} and p.prosecdef and has_function_privilege('public', p.oid, 'execute')
              and p.prorettype <> 'trigger'::regtype""",
    )
    unfixed = offenders(
        database,
        f"""select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where {OURS} and p.prosecdef
              and not exists (select from unnest(p.proconfig) setting where setting like 'search_path=%')""",
    )
    assert (everybody, unfixed) == ([], [])


def test_deletes_find_what_refers_to_the_row(database):
    """The columns of every foreign key begin an index: else each delete of what they refer to reads the whole table."""
    found = offenders(
        database,
        f"""select format('%s %I', k.conrelid::regclass, k.conname)
            from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
            where {OURS} and k.contype = 'f' and not exists (
                select from pg_index i where i.indrelid = k.conrelid
                and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)""",
    )
    assert found == []


@pytest.mark.parametrize("schema", ["core", "website", "campaign"])
def test_tables_belong_to_the_owner_alone(database, schema):
    """Neither townhall_app nor townhall_fence owns a table: an owner is not held by row-level security."""
    found = offenders(
        database,
        f"""select c.oid::regclass::text from pg_class c
            where c.relnamespace = '{schema}'::regnamespace and c.relkind in ('r', 'p', 'S')
              and pg_get_userbyid(c.relowner) in ('townhall_app', 'townhall_fence')""",
    )
    assert found == []
