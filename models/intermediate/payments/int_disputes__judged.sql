with

disputes as (
    select * from {{ ref('int_disputes__screened') }}
),

payments as (
    select
        payment_id,
        bool_or(refusal_reason is null) as is_accepted
    from {{ ref('int_payments__judged') }}
    where payment_id in (select disputes.payment_id from disputes)
    group by payment_id
),

with_references as (
    select
        disputes.*,
        payments.payment_id is not null as is_payment_known,
        coalesce(payments.is_accepted, false) as is_payment_accepted
    from disputes
    left join payments on disputes.payment_id = payments.payment_id
),

judged as (
    select
        * exclude (refusal_reason, waived_rules, set_aside_rule),
        coalesce(refusal_reason, {{ first_broken_rule('disputes', 'reference') | indent(8) }}) as refusal_reason
    from with_references
),

-- A payment shows its newest dispute: those before it are older versions of the same quarrel.
ranked as (
    select
        *,
        row_number() over (
            partition by payment_id, refusal_reason is null
            order by updated_at desc, dispute_id asc
        ) = 1 and refusal_reason is null as is_shown
    from judged
)

select * from ranked
