with

delivered as (
    {{ union_sources('rates') }}
),

judged as (
    select
        *,
        {{ first_broken_rule('rates', 'row') }} as refusal_reason
    from delivered
)

select * from judged
