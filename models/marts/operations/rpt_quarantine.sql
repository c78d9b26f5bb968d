with

quarantine as (
    select * from {{ ref('int_quarantine__united') }}
),

final as (
    select
        quarantine_id,
        feed,
        entity,
        source_system,
        row_key,
        rule,
        reason,
        may_be_waived,
        status,
        cast(amount as decimal(18, 4)) as amount,
        currency_code,
        batch_id,
        source_file,
        source_position,
        loaded_at,
        first_refused_at
    from quarantine
)

select * from final
