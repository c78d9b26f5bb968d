{{ config(materialized='table') }}

with

rates as (
    select * from {{ ref('int_rates__daily') }}
),

-- Without where a rate came from, so that it is the same in every build.
dated as (
    select
        rate_on,
        base_currency_code,
        currency_code,
        rate,
        valid_until_on
    from rates
)

select * from dated
