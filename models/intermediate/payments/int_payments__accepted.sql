with

judged as (
    select * from {{ ref('int_payments__judged') }}
),

accepted as (
    select * exclude (refusal_reason)
    from judged
    where refusal_reason is null
)

select * from accepted
