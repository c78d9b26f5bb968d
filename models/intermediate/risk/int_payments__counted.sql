{{ config(materialized='table') }}

-- What counts is decided by the rules on the row and its history alone: a payment without an order is a payment.
with

described as (
    select * from {{ ref('int_payments__described') }}
),

screened as (
    select
        batch_id,
        source_file,
        source_position
    from {{ ref('int_payments__screened') }}
    where refusal_reason is null
),

counted as (
    select described.*
    from described
    inner join screened
        on
            described.batch_id = screened.batch_id
            and described.source_file = screened.source_file
            and described.source_position = screened.source_position
    where described.event_kind is not null
)

select * exclude (refusal_reason) from counted
