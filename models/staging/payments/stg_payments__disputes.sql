with

source as (
    select * from {{ source('payments', 'disputes') }}
),

renamed as (
    select
        'payments' as source_system,
        'payments:' || source.dispute_id as dispute_id,
        'payments:' || source.transaction_id as payment_id,
        source.reason,
        source.status as dispute_status,
        source.amount.value as amount,
        source.amount.currency as currency_code,
        source.opened_at,
        source.updated_at,
        source._loaded_at as loaded_at,
        source._file as source_file,
        source._position as source_position,
        source._batch_id as batch_id
    from source
)

select * from renamed
