with

versions as (
    select * from {{ ref('int_customers__versioned') }}
),

final as (
    select
        customer_id,
        source_system,
        email,
        full_name,
        country_code,
        city,
        signed_up_at,
        accepts_marketing,
        valid_from,
        valid_to,
        is_current
    from versions
)

select * from final
