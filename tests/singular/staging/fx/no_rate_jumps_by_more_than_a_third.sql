-- Fails with each rate that is more than a third above or below the one before it: a factor, or a rate turned round.
-- None of the currencies of this source has moved like that from one day to the next; should one do so, somebody looks
-- before it is published. Another source may deliver a rate a month, or currencies that move more.
with

rates as (
    select * from {{ ref('int_rates__daily') }}
    where currency_code <> base_currency_code and source_system = 'fx'
),

followed as (
    select
        currency_code,
        rate_on,
        rate,
        lag(rate) over (partition by currency_code order by rate_on) as earlier_rate
    from rates
)

select * from followed
where rate > earlier_rate * 1.33 or rate < earlier_rate * 0.67
