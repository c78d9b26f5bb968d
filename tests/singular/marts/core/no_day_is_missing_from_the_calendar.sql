with

days as (
    select
        date_on,
        lead(date_on) over (order by date_on asc) as next_date_on
    from {{ ref('dim_dates') }}
)

select * from days
where {{ whole_days_between('date_on', 'next_date_on') }} > 1
