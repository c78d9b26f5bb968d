with

moments as (
    select
        min(ordered_on) as first_on,
        max(ordered_on) as last_on
    from {{ ref('fct_orders') }}
    union all
    select
        min(created_on) as first_on,
        max(created_on) as last_on
    from {{ ref('fct_payments') }}
    union all
    select
        min(refunded_on) as first_on,
        max(refunded_on) as last_on
    from {{ ref('fct_refunds') }}
    union all
    select
        cast(min(occurred_at) as date) as first_on,
        cast(max(occurred_at) as date) as last_on
    from {{ ref('int_events__judged') }}
    where refusal_reason is null
),

bounds as (
    select
        min(first_on) as first_on,
        max(last_on) as last_on
    from moments
),

-- Nothing happened, no days: an empty lake gives an empty calendar.
days as (
    select cast(unnest(generate_series(first_on, last_on, interval 1 day)) as date) as date_on
    from bounds
    where first_on is not null
),

final as (
    select
        date_on,
        cast(extract(year from date_on) as integer) as year_number,
        cast(extract(quarter from date_on) as integer) as quarter_number,
        cast(extract(month from date_on) as integer) as month_number,
        cast(extract(day from date_on) as integer) as day_of_month,
        cast(extract(isodow from date_on) as integer) as iso_weekday_number,
        cast(extract(isoyear from date_on) as integer) as iso_year_number,
        cast(extract(week from date_on) as integer) as iso_week_number,
        cast(date_trunc('month', date_on) as date) as month_starts_on,
        cast(date_trunc('week', date_on) as date) as week_starts_on,
        dayname(date_on) as weekday_name,
        monthname(date_on) as month_name,
        extract(isodow from date_on) in (6, 7) as is_weekend
    from days
)

select * from final
