{#-
    What the models int_<entity>__screened share: the delivered versions are tried against the rules of scope `row`, the
    newest good one of each key is kept, and beside it every one that is refused.

    People's decisions (int_decisions__latest) count here: a rule that was waived for a row is not broken by it, and a row
    that was dropped or corrected is refused, whatever else becomes of its key. A decision about a row that came long ago
    opens its key again: all versions of the key are read from the lake once more, and take the place of the kept ones,
    so that an incremental run gives what a full rebuild gives. Without new decisions nothing of this is in the SQL.
-#}

{% macro has_new_decisions(entity) -%}
    {#- Whether somebody decided on rows of the entity since the model that is being built last read the decisions. -#}
    {%- if not (execute and sluice.is_adding()) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set query -%}
        select count(*) from {{ ref('int_decisions__latest') }}
        where entity = '{{ entity }}' and {{ sluice.unseen(this, 'int_decisions__latest', 'decided_at') }}
    {%- endset -%}
    {{ return(run_query(query).rows[0][0] > 0) }}
{%- endmacro %}


{#- Subquery: the keys of the rows that were decided on since. -#}
{% macro reopened_keys(entity) -%}
    (
        select row_key from {{ ref('int_decisions__latest') }}
        where entity = '{{ entity }}' and {{ sluice.unseen(this, 'int_decisions__latest', 'decided_at') }}
    )
{%- endmacro %}


{#- post_hook of a screened model. int_decisions__latest is a table, so the mark is what the model has read, not more. -#}
{% macro mark_decisions_seen(reader) -%}
    {{ sluice.mark_seen(reader, {'int_decisions__latest': 'decided_at'}) }}
{%- endmacro %}


{#-
    CTEs up to `together`: the versions that came since, each with the rule that it breaks by itself, and the kept rows of
    the same keys. Choosing the newest is associative, so the history behind the kept rows need not be read again.
    more: columns that only this entity keeps, with the expression that a delivered row starts with.
-#}
{% macro tried_versions(entity, key, more={}) -%}
    {%- set has_currency = 'currency_code' in sluice.content_columns(entity) -%}
    {%- set reopens = sluice.has_new_decisions(entity) -%}
    {%- set kept = (sluice.common_columns(entity) | map(attribute='name') | list)
        + ['version_hash', 'waived_rules', 'set_aside_rule'] + (more.keys() | list) -%}
delivered as (
    {{ sluice.union_sources(entity, unseen_in=this, reopened=(key ~ ' in ' ~ sluice.reopened_keys(entity)) if reopens else none) }}
),

{% if has_currency -%}
currencies as (
    select * from {{ ref('currencies') }}
),

{% endif -%}
decisions as (
    select * from {{ ref('int_decisions__latest') }}
    where entity = '{{ entity }}'
),

with_references as (
    select
        delivered.*,
        {%- if has_currency %}
        currencies.currency_code is not null as is_currency_known,
        {%- endif %}
        decisions.waived_rules,
        decisions.set_aside_rule
    from delivered
    {%- if has_currency %}
    left join currencies on delivered.currency_code = currencies.currency_code
    {%- endif %}
    left join decisions
        on
            delivered.batch_id = decisions.batch_id
            and delivered.source_file = decisions.source_file
            and delivered.source_position = decisions.source_position
),

tried as (
    select
        *,
        {{ sluice.version_hash(sluice.content_columns(entity)) | indent(8) }} as version_hash,
        {%- for column, expression in more.items() %}
        {{ expression }} as {{ column }},
        {%- endfor %}
        coalesce(set_aside_rule, {{ sluice.first_broken_rule(entity, 'row') | indent(8) }}) as refusal_reason
    from with_references
),

together as (
    select {{ kept | join(', ') }}, refusal_reason from tried
    {%- if sluice.is_adding() %}
    union all
    select
        {{ kept | join(', ') }},
        -- what the others of the key say about it is found out anew
        case
            when set_aside_rule is null and refusal_reason in ({{ sluice.rules_of_scope(entity, 'history') }}) then null
            else refusal_reason
        end as refusal_reason
    from {{ this }}
    where
        {{ key }} in (select tried.{{ key }} from tried)
        {%- if reopens %}
        and {{ key }} not in {{ sluice.reopened_keys(entity) }}
        {%- endif %}
    {%- endif %}
),
{%- endmacro %}


{#-
    The whole of a screened model whose entity has nothing of its own. A broken version is kept as a refusal, and never
    replaces a good one. Of equal versions the first delivered stays. newest_first: what makes a version count.
-#}
{% macro screened(entity, key, newest_first='updated_at desc', of_order=true) -%}
with

{{ sluice.tried_versions(entity, key, {'left_order_id': 'cast(null as varchar)'} if of_order else {}) }}

ranked as (
    select
        {{ '* exclude (left_order_id)' if of_order else '*' }},
        {%- if of_order %}
        {{ sluice.left_order_id(key, newest_first) | indent(8) }} as left_order_id,
        {%- endif %}
        row_number() over newest_first as version_rank,
        -- false for the same version once more
        coalesce(version_hash <> lag(version_hash) over newest_first, true) as is_another_version
    from together
    window newest_first as (
        partition by {{ key }}, refusal_reason is null
        order by {{ newest_first }}, version_hash asc, loaded_at asc, source_file asc, source_position asc
    )
),

compared as (
    select
        * exclude (refusal_reason),
        coalesce(refusal_reason, {{ sluice.first_broken_rule(entity, 'history') | indent(8) }}) as refusal_reason
    from ranked
)

select * exclude (version_rank, is_another_version)
from compared
where version_rank = 1 or refusal_reason is not null
{%- endmacro %}


{#- Where a new version moves a row to another order, the order it leaves has to be revised too. -#}
{% macro left_order_id(key, newest_first='updated_at desc') -%}
    coalesce(
        left_order_id,
        lead(order_id) over (
            partition by {{ key }}, refusal_reason is null
            order by {{ newest_first }}, version_hash asc, loaded_at asc, source_file asc, source_position asc
        )
    )
{%- endmacro %}


{#-
    Columns of a judged model from its screened one: all but what only screening needs, and the reason, which is judged
    anew.
-#}
{% macro screening_columns(of_order=true) -%}
    refusal_reason, version_hash, waived_rules, set_aside_rule {{- ', left_order_id' if of_order }}
{%- endmacro %}


{#- The query of int_<entity>__accepted. -#}
{% macro accepted_rows(entity) -%}
with

judged as (
    select * from {{ ref('int_' ~ entity ~ '__judged') }}
),

accepted as (
    select * exclude (refusal_reason)
    from judged
    where refusal_reason is null
)

select * from accepted
{%- endmacro %}


{#- The query of int_<entity>__refused: which row, why, and where it was delivered. more: columns besides. -#}
{% macro refused_rows(entity, key, more=[]) -%}
with

judged as (
    select * from {{ ref('int_' ~ entity ~ '__judged') }}
),

refused as (
    select
        source_system,
        {{ key }},
        {%- for column in more %}
        {{ column }},
        {%- endfor %}
        refusal_reason,
        {{ sluice.rule_sentence(entity) | indent(8) }} as refusal_sentence,
        source_file,
        source_position,
        batch_id,
        loaded_at
    from judged
    where refusal_reason is not null
)

select * from refused
{%- endmacro %}
