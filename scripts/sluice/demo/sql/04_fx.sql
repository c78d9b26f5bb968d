-- Exchange rates: a random walk on working days for each currency. The bank publishes at 16:00; a day without a rate
-- uses the last one before it. The first delivery also carries the ten working days before the run.
create table currencies as
select *
from (
    values
    (1, 'GBP', 0.8310::decimal(18, 8), 38),
    (2, 'USD', 1.0420, 45),
    (3, 'SEK', 11.4500, 40),
    (4, 'PLN', 4.2700, 36),
    (5, 'CHF', 0.9400, 30)
) as t (currency_no, currency_code, first_rate, step);

create table rates as
with calendar as (
    select
        n::integer as day_no,
        (getvariable('start_on') + n::integer)::date as rate_on
    from range(-24, getvariable('days')) as r (n)
),

walked as (
    select
        calendar.rate_on,
        currencies.currency_code,
        currencies.first_rate,
        sum(round(100 * currencies.step * gauss('fx', (calendar.day_no + 100) * 10 + currencies.currency_no))::bigint)
            over (partition by currencies.currency_no order by calendar.day_no) as millionths
    from calendar
    cross join currencies
    where isodow(calendar.rate_on) <= 5
),

-- far from its first value a rate would stop being believable: keep it within 25 %
kept as (
    select
        rate_on,
        currency_code,
        (
            first_rate * (1000000 + greatest(least(millionths, 250000), -250000))::decimal(12, 0) / 1000000
        )::decimal(18, 4) as rate
    from walked
)

select
    rate_on,
    currency_code,
    rate::decimal(18, 8) as rate
from kept;

-- what the shop converts with: a rate for every currency and calendar day
create table day_rates as
with wanted as (
    select
        days.day_no,
        days.day_on,
        currencies.currency_code
    from days
    cross join currencies
)

select
    wanted.day_no,
    wanted.currency_code,
    rates.rate
from wanted
asof left join rates
    on wanted.currency_code = rates.currency_code and wanted.day_on >= rates.rate_on
union all
select
    day_no,
    'EUR',
    1::decimal(18, 8)
from days;

insert into queue_rates
with first_working_day as (
    select min(day_on) as day_on from days
    where isodow(day_on) <= 5
),

ranked as (
    select
        *,
        dense_rank() over (order by rate_on desc) as days_before
    from rates
    where rate_on < getvariable('start_on')
),

delivered as (
    select
        first_working_day.day_on as delivered_on,
        ranked.rate_on,
        ranked.currency_code,
        ranked.rate
    from ranked
    cross join first_working_day
    where ranked.days_before <= 10
    union all
    select
        rate_on as delivered_on,
        rate_on,
        currency_code,
        rate
    from rates
    where rate_on >= getvariable('start_on')
)

select
    delivered_on,
    rate_on::timestamp as sort_at,
    epoch(rate_on)::bigint * 10 + list_position(['CHF', 'GBP', 'PLN', 'SEK', 'USD'], currency_code) as sort_id,
    epoch(rate_on)::bigint * 10 + list_position(['CHF', 'GBP', 'PLN', 'SEK', 'USD'], currency_code) as entity_id,
    rate_on,
    'EUR' as base_currency_code,
    currency_code,
    rate
from delivered
where delivered_on is not null;
