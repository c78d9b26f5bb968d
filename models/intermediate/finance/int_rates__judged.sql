with

delivered as (
    select * from {{ ref('int_rates__delivered') }}
),

judged as (
    select
        *,
        {{ first_broken_rule('rates', 'row') }} as refusal_reason
    from delivered
)

select * from judged
