with

booked as (
    select * from {{ ref('int_revenue__booked') }}
),

added_up as (
    select
        booked_on,
        source_system,
        currency_code,
        {%- for kind in ['goods', 'shipping', 'discount', 'refund', 'adjustment'] %}
            coalesce(sum(amount) filter (where booking_kind = '{{ kind }}'), 0) as {{ kind }}_amount,
            coalesce(sum(amount_reporting) filter (where booking_kind = '{{ kind }}'), 0)
                as {{ kind }}_amount_reporting,
        {%- endfor %}
        -- One amount without a rate, and the day's sums in the reporting currency are unknown, not small.
        bool_and(amount_reporting is not null) as is_converted
    from booked
    group by booked_on, source_system, currency_code
),

-- Discount lines are negative amounts; here they are what is taken off.
named as (
    select
        booked_on as revenue_on,
        source_system,
        currency_code,
        is_converted,
        goods_amount + shipping_amount as gross_amount,
        shipping_amount,
        -discount_amount as discount_amount,
        refund_amount,
        adjustment_amount,
        goods_amount_reporting + shipping_amount_reporting as gross_amount_reporting,
        shipping_amount_reporting,
        -discount_amount_reporting as discount_amount_reporting,
        refund_amount_reporting,
        adjustment_amount_reporting
    from added_up
),

final as (
    select
        revenue_on,
        source_system,
        currency_code,
        cast(gross_amount as decimal(18, 4)) as gross_amount,
        cast(shipping_amount as decimal(18, 4)) as shipping_amount,
        cast(discount_amount as decimal(18, 4)) as discount_amount,
        cast(refund_amount as decimal(18, 4)) as refund_amount,
        cast(gross_amount - discount_amount - refund_amount as decimal(18, 4)) as net_amount,
        cast(adjustment_amount as decimal(18, 4)) as adjustment_amount,
        cast('{{ var("reporting_currency") }}' as varchar) as reporting_currency_code,
        {%- for amount in ['gross_amount', 'shipping_amount', 'discount_amount', 'refund_amount'] %}
            cast(case when is_converted then {{ amount }}_reporting end as decimal(18, 4)) as {{ amount }}_reporting,
        {%- endfor %}
        cast(
            case
                when is_converted then gross_amount_reporting - discount_amount_reporting - refund_amount_reporting
            end as decimal(18, 4)
        ) as net_amount_reporting,
        cast(
            case when is_converted then adjustment_amount_reporting end as decimal(18, 4)
        ) as adjustment_amount_reporting
    from named
)

select * from final
