-- A rate has no version of its own: of one day's, the one of the later file counts (int_rates__daily).
with

delivered as (
    select * from {{ ref('int_rates__delivered') }}
),

kept as (
    select * from {{ ref('int_rates__daily') }}
),

quarantined as (
    select * from {{ ref('int_quarantine__united') }}
    where entity = 'rates'
),

traced as (
    select
        delivered.source_system,
        delivered.batch_id,
        case
            when quarantined.status = 'open' then 'quarantined'
            when quarantined.status = 'corrected' then 'older_version'
            when quarantined.status is not null then quarantined.status
            when
                kept.batch_id = delivered.batch_id
                and kept.source_file = delivered.source_file
                and kept.source_position = delivered.source_position
                then 'accepted'
            when kept.rate = delivered.rate then 'duplicate'
            when delivered.source_file is null or delivered.source_file <= kept.source_file then 'older_version'
        end as fate
    from delivered
    left join kept on delivered.currency_code = kept.currency_code and delivered.rate_on = kept.rate_on
    left join quarantined
        on
            delivered.batch_id = quarantined.batch_id
            and delivered.source_file = quarantined.source_file
            and delivered.source_position = quarantined.source_position
),

counted as (
    select
        source_system,
        batch_id,
        fate,
        count(*) as row_count
    from traced
    group by source_system, batch_id, fate
)

select * from counted
