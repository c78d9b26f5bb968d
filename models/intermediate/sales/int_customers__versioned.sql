{%- set attributes = var('common_columns')['customers'] | reject('equalto', 'updated_at') | list %}

-- Reads every version that the lake holds, so no snapshot is needed: this can be built again at any time.
with

delivered as (
    select * from {{ ref('int_customers__delivered') }}
),

hashed as (
    select
        *,
        {{ version_hash(var('common_columns')['customers']) }} as version_hash,
        {{ version_hash(attributes) }} as attributes_hash
    from delivered
),

-- One version a moment, chosen as int_customers__latest chooses.
one_a_moment as (
    select * from hashed
    qualify row_number() over (
        partition by customer_id, updated_at
        order by version_hash asc, loaded_at asc, source_file asc, source_position asc
    ) = 1
),

-- A version that says what the one before it says changes nothing.
changed as (
    select * from one_a_moment
    qualify attributes_hash is distinct from lag(attributes_hash) over (
        partition by customer_id order by updated_at asc
    )
),

versioned as (
    select
        source_system,
        customer_id,
        email,
        full_name,
        country_code,
        city,
        signed_up_at,
        accepts_marketing,
        updated_at as valid_from,
        lead(updated_at) over (partition by customer_id order by updated_at asc) as valid_to
    from changed
),

final as (
    select
        *,
        valid_to is null as is_current
    from versioned
)

select * from final
