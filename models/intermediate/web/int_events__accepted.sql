with

events as (
    select * from {{ ref('int_events__judged') }}
),

accepted as (
    select
        {{ common_columns('events') | map(attribute='name') | join(',\n        ') }},
        last_delivered_at
    from events
    where refusal_reason is null
)

select * from accepted
