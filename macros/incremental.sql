{#-
    How an incremental model knows what is new. Two kinds of models, two ways:

    1. A table that keeps loaded_at (int_*__screened, int_*__latest): union_sources(entity, unseen_in=this) compares
       with the newest loaded_at that the table itself holds, per source, because feeds are not committed together.
    2. Everything further down, which may not keep load times: int_orders__revised names the orders that anything
       happened to, and state.seen keeps how far each reader has read it. The mark is set in the reader's own
       transaction (a post_hook), so a failed or skipped model catches up on its next run.

    All marks are put into the SQL as literals, which a scan compares with the statistics of what it reads. For delta_scan
    that spares row groups, not files: measured, it opens every file, because it does not compare _loaded_at, a timestamp
    without a zone, with the statistics in the Delta log.
-#}

{#- is_incremental(), and false in a unit test, which has no table to add to. -#}
{% macro is_adding() -%}
    {{ return(this is not none and is_incremental()) }}
{%- endmacro %}


{#- Newest loaded_at of a table, by source: {source_system: text of a timestamp}. -#}
{% macro watermarks(relation, column='loaded_at') -%}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- set query -%}
            select source_system, cast(max({{ column }}) as varchar) as newest from {{ relation }} group by source_system
        {%- endset -%}
        {%- for row in run_query(query).rows if row[1] -%}
            {%- do found.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{% macro seen_relation() -%}
    {{ return(api.Relation.create(database=target.database, schema='state', identifier='seen')) }}
{%- endmacro %}


{#- on-run-start: the marks' table, so that no two models make it at once. -#}
{% macro create_seen() -%}
    create schema if not exists state;
    create table if not exists {{ sluice.seen_relation() }} (
        reader varchar, input varchar, source_system varchar, seen_to timestamp
    );
{%- endmacro %}


{#- {source_system: text of a timestamp} up to which `reader` has read `input`. -#}
{% macro seen_marks(reader, input) -%}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- set query -%}
            select source_system, cast(seen_to as varchar) from {{ sluice.seen_relation() }}
            where reader = '{{ reader.name }}' and input = '{{ input }}'
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- do found.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{#- post_hook: `reader` has now read its inputs {model name: its time column} to the end. -#}
{% macro mark_seen(reader, inputs) -%}
    delete from {{ sluice.seen_relation() }} where reader = '{{ reader.name }}';
    {%- for input, column in inputs.items() %}
    insert into {{ sluice.seen_relation() }}
    select '{{ reader.name }}', '{{ input }}', source_system, max({{ column }})
    from {{ ref(input) }}
    group by source_system;
    {%- endfor %}
{%- endmacro %}


{#-
    Condition: rows of `input` that `reader` has not read yet: all, when it is built anew. A source without a mark is all
    new.
-#}
{% macro unseen(reader, input, column='loaded_at') -%}
    {%- set marks = sluice.seen_marks(reader, input) if sluice.is_adding() else {} -%}
    (
        {%- for source, seen_to in marks.items() %}
        (source_system = '{{ source }}' and {{ column }} > cast('{{ seen_to }}' as timestamp)) or
        {%- endfor %}
        source_system not in ({% for source in marks %}'{{ source }}', {% endfor %}'')
    )
{%- endmacro %}


{#- post_hook of a model that works by order: it has now read the log to the end, for this reporting currency. -#}
{% macro mark_revisions_read(reader) -%}
    delete from {{ sluice.seen_relation() }} where reader = '{{ reader.name }}';
    insert into {{ sluice.seen_relation() }}
    select '{{ reader.name }}', 'int_orders__revised', '{{ var("reporting_currency") }}', max(revised_at)
    from {{ ref('int_orders__revised') }};
{%- endmacro %}


{#-
    Condition for a model that works by order: the orders revised since its last run; all of them where its mark is
    older than the log (the log was rebuilt), missing, or of another reporting currency.
-#}
{% macro is_revised(order_id='order_id') -%}
    {%- set log = ref('int_orders__revised') -%}
    {%- if not sluice.is_adding() -%}
    true
    {%- else -%}
        {%- set seen_to = sluice.seen_marks(this, 'int_orders__revised').get(var('reporting_currency')) -%}
        {%- set began = run_query("select cast(min(revised_at) as varchar) from " ~ log ~ " where order_id = ''").rows[0][0] -%}
        {%- if seen_to is none or began is none or seen_to < began -%}
    true
        {%- else -%}
    {{ order_id }} in (select order_id from {{ log }} where revised_at > cast('{{ seen_to }}' as timestamp))
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- incremental_strategy: all rows of a revised order go, what the model made of it now comes; so vanished lines vanish. -#}
{% macro get_incremental_replace_orders_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} where {{ sluice.is_revised() }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}


{#-
    CTE `together` of int_*__latest: what `tried` brings, and, in an incremental run, the rows that the table already holds
    of the same keys. Choosing the newest is associative, so the history behind the kept rows need not be read again.
-#}
{% macro with_kept_rows(entity, key, more) -%}
    {%- set columns = (sluice.common_columns(entity) | map(attribute='name') | list) + more -%}
{%- if sluice.is_adding() -%}
together as (
    select {{ columns | join(', ') }} from tried
    union all
    select {{ columns | join(', ') }} from {{ this }}
    where {{ key }} in (select tried.{{ key }} from tried)
),
{%- else -%}
together as (
    select {{ columns | join(', ') }} from tried
),
{%- endif -%}
{%- endmacro %}


{#-
    The whole of int_<entity>__latest: the newest version of each key. first_loaded_at is when the key became known: rows
    that had to wait for that are judged again.
-#}
{% macro latest(entity, key) -%}
with

delivered as (
    {{ sluice.union_sources(entity, unseen_in=this) }}
),

tried as (
    select
        *,
        {{ sluice.version_hash(sluice.content_columns(entity)) | indent(8) }} as version_hash,
        loaded_at as first_loaded_at
    from delivered
),

{{ sluice.with_kept_rows(entity, key, ['version_hash', 'first_loaded_at']) }}

ranked as (
    select
        * exclude (first_loaded_at),
        min(first_loaded_at) over (partition by {{ key }}) as first_loaded_at,
        row_number() over (
            partition by {{ key }}
            order by updated_at desc, version_hash asc, loaded_at asc, source_file asc, source_position asc
        ) as version_rank
    from together
)

select * exclude (version_rank)
from ranked
where version_rank = 1
{%- endmacro %}


{#- Literal for the entries that this run adds to int_orders__revised: now, and in any case after the newest entry. -#}
{% macro revision_time() -%}
    {%- set now = modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f') -%}
    greatest(
        cast('{{ now }}' as timestamp)
        {%- if sluice.is_adding() -%}
        , (select max(revised_at) + interval 1 microsecond from {{ this }})
        {%- endif -%}
    )
{%- endmacro %}


{#- pre_hook of the log: entries that every reader has read are dropped; the first entry, which dates the log, stays. -#}
{% macro forget_read_revisions(log) -%}
    {%- if sluice.is_adding() -%}
    delete from {{ log }}
    where
        order_id <> ''
        and revised_at <= (select min(seen_to) from {{ sluice.seen_relation() }} where input = '{{ log.name }}')
    {%- endif -%}
{%- endmacro %}
