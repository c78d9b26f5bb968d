{#-
    How an incremental model knows what is new. All rows carry `loaded_at`, the moment at which their batch was loaded;
    batches of different sources are not loaded together, so every mark is one moment per source.

    newest_loaded(this)     what the table itself holds. For models that keep every row that counts, with its loaded_at:
                            int_<entity>__screened, int_<entity>__latest, int_events__judged, int_sessions__built.
    last_build('<model>')   what the model held at the end of the last whole build. For what depends on several models:
                            int_orders__revised lists the orders that anything happened to since, and the models that
                            work by order (`is_revised`) replace these orders.

    A build is whole when every model of the project succeeded in one run of dbt and no data test of it failed. Only then
    the mark moves, at the end of the run; until then every run works on the same rows, and more, again. So a failed,
    interrupted or selected run loses nothing, because each of these models replaces what it has by key, and a test that
    failed looks at the same rows again. The mark is removed at the start of a run that builds with another reporting
    currency or with --full-refresh: should that run not be whole, the next one works on every order.

    Marks are written into the SQL as literals, which a scan compares with the statistics of what it reads. For delta_scan
    that skips row groups, not files: measured, it opens every file, because it does not compare _loaded_at, a timestamp
    without a zone, with the statistics in the Delta log.
-#}

{% macro begin_build() -%}
    {#- on-run-start: the table of marks, without marks that do not fit this run. -#}
    create schema if not exists state;
    create table if not exists state.built (
        model varchar, source_system varchar, newest timestamp, reporting_currency varchar
    );
    create table if not exists state.quarantined (
        entity varchar, batch_id varchar, source_file varchar, source_position bigint, status varchar
    );
    delete from state.built
    where {{ 'true' if flags.FULL_REFRESH else 'false' }} or reporting_currency <> '{{ var("reporting_currency") }}';
{%- endmacro %}


{% macro mark_build(results) -%}
    {#-
        on-run-end: after a whole build, one row per model, and for the models below the newest moment of each source.
        A model that is not listed here is new as a whole to whoever asks for what came since.
    -#}
    {%- set inputs = {
        'int_orders__screened': 'loaded_at',
        'int_order_items__screened': 'loaded_at',
        'int_refunds__screened': 'loaded_at',
        'int_payments__screened': 'loaded_at',
        'int_disputes__screened': 'loaded_at',
        'int_customers__latest': 'first_loaded_at',
        'int_products__latest': 'first_loaded_at',
        'int_rates__daily': 'loaded_at',
        'int_events__judged': 'last_delivered_at',
        'int_decisions__latest': 'decided_at',
    } -%}
    {%- if execute -%}
        {%- set built = results | selectattr('node.resource_type', 'equalto', 'model')
            | selectattr('status', 'equalto', 'success') | map(attribute='node') | list -%}
        {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
            | rejectattr('config.materialized', 'equalto', 'ephemeral') | list -%}
        {%- set failed = results | selectattr('node.resource_type', 'equalto', 'test')
            | selectattr('status', 'in', ['fail', 'error']) | list -%}
        {%- if built | length == models | length and not failed %}
    delete from state.built;
    insert into state.built
            {%- for node in built %}
    select
        '{{ node.alias }}' as model,
        {{ 'source_system' if node.name in inputs else "''" }} as source_system,
        {{ 'max(' ~ inputs[node.name] ~ ')' if node.name in inputs else 'null' }} as newest,
        '{{ var("reporting_currency") }}' as reporting_currency
                {%- if node.name in inputs %}
    from {{ node.relation_name }}
    group by source_system
                {%- endif %}
    {{ 'union all' if not loop.last else ';' }}
            {%- endfor %}
            {%- for node in built if node.name == 'int_quarantine__united' %}
    create or replace table state.quarantined as
    select distinct entity, batch_id, source_file, source_position, status from {{ node.relation_name }};
            {%- endfor %}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro quarantined_at_last_build() -%}
    {#- The table of what was in quarantine at the end of the last whole build: entity, where the row is, status. -#}
    state.quarantined
{%- endmacro %}


{% macro last_build(model) -%}
    {#-
        {source_system: text of a timestamp} up to which `model` was filled at the end of the last whole build; a source of
        '' where only that is known. Empty where there was no such build, or the model was not part of it.
    -#}
    {%- set found = {} -%}
    {%- if execute and adapter.get_relation(database=target.database, schema='state', identifier='built') is not none -%}
        {%- set query = "select source_system, cast(newest as varchar) from state.built where model = '" ~ model ~ "'" -%}
        {%- for row in run_query(query).rows -%}
            {%- do found.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{% macro newest_loaded(relation, column='loaded_at') -%}
    {#- {source_system: text of a timestamp}: the newest row of each source that the table `relation` holds. -#}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- set query -%}
            select source_system, cast(max({{ column }}) as varchar) from {{ relation }} group by source_system
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- do found.update({row[0]: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{% macro newer_than(marks, column='loaded_at') -%}
    {#-
        Condition: rows newer than the mark of their source; all rows of a source that has none. One literal per source:
        where the source is known, as in each part of int_<entity>__delivered, the `case` folds to it.
    -#}
    {%- set dated = dict(marks.items() | selectattr(1)) -%}
    {%- if dated -%}
    {{ column }} > case source_system
        {%- for source, newest in dated.items() %} when '{{ source }}' then timestamp '{{ newest }}'{% endfor %} else timestamp '1900-01-01' end
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}


{% macro has_new_decisions(entity) -%}
    {#-
        Whether somebody decided on rows of the entity since the last whole build. Asked for beforehand: a model that looks
        for rows of the lake by key reads all of it, also for no key.
    -#}
    {%- set query -%}
        select count(*) from {{ ref('int_decisions__latest') }}
        where
            entity = '{{ entity }}'
            and {{ sluice.newer_than(sluice.last_build('int_decisions__latest'), 'decided_at') }}
    {%- endset -%}
    {{ return(execute and run_query(query).rows[0][0] > 0) }}
{%- endmacro %}
