with

batches as (
    select * from {{ ref('int_batches__taken') }}
),

traced as (
    select
        batch_id,
        max(source_system) as source_system,
        max(entity) as entity,
        {%- for fate in fates() %}
            cast(coalesce(sum(row_count) filter (where fate = '{{ fate }}'), 0) as bigint) as {{ fate }}_rows,
        {%- endfor %}
        cast(coalesce(sum(row_count) filter (where fate = 'landed'), 0) as bigint) as landed_rows
    from {{ ref('int_rows__traced') }}
    group by batch_id
),

in_marts as (
    select
        batch_id,
        cast(sum(row_count) as bigint) as in_marts_rows
    from {{ ref('rpt_rows_in_marts') }}
    group by batch_id
),

-- A batch that only one side knows is a difference too.
compared as (
    select
        coalesce(batches.batch_id, traced.batch_id) as batch_id,
        coalesce(batches.feed, traced.source_system || '.' || traced.entity) as feed,
        batches.loaded_at,
        coalesce(batches.rows_read, 0) as delivered_rows,
        coalesce(batches.rows_quarantined, 0) as rejected_rows,
        coalesce(batches.rows_landed, 0) as recorded_rows,
        coalesce(traced.landed_rows, 0) as landed_rows,
        {%- for fate in fates() %}
            coalesce(traced.{{ fate }}_rows, 0) as {{ fate }}_rows,
        {%- endfor %}
        coalesce(in_marts.in_marts_rows, 0) as in_marts_rows
    from batches
    full outer join traced on batches.batch_id = traced.batch_id
    left join in_marts on coalesce(batches.batch_id, traced.batch_id) = in_marts.batch_id
),

final as (
    select
        *,
        -- three differences; taken by size, so that no two of them make up for each other
        abs(delivered_rows - rejected_rows - landed_rows)
        + abs(recorded_rows - landed_rows)
        + abs(landed_rows - in_marts_rows - {{ sum_of_fates('rows') | indent(8) }}) as unaccounted_rows
    from compared
)

select * from final
