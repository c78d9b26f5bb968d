-- The points of every series on the scale on which they are judged, sorted by position.
--
-- In: $series (metric, kind, measured_at, value, denominator, season, phase); denominator and season may be null.
-- Must be a table, not a view: judge.sql reads one position after another, and finds it by the table's order.
-- Scales: Anscombe 1948 for counts, rates (u) and shares (p); Nelson 1994 for the time between events (t) and the count
-- between events (g); the logarithm, in a form that is defined at zero, for amounts.
with in_order as (
    select
        *,
        dense_rank() over (order by metric, phase) as series_number,
        row_number() over one_series as position,
        epoch_us(measured_at) - lag(epoch_us(measured_at)) over one_series as step
    from $series
    window one_series as (partition by metric, phase order by measured_at)
),

typical_steps as (
    select metric, median(step) as typical_step, coalesce(max(season) + 1, 0)::bigint as seasons
    from in_order
    group by metric
)

select
    in_order.* exclude (step),
    epoch(to_microseconds(typical_steps.typical_step::bigint)) as typical_step, typical_steps.seasons,
    coalesce(in_order.step <= 1.5 * typical_steps.typical_step, false) as is_next,
    in_order.kind in ('count', 'u', 'p') as has_known_variance,
    case in_order.kind
        when 'amount' then asinh(in_order.value)
        when 'count' then sqrt(in_order.value + 0.375)
        when 'u' then sqrt((in_order.value + 0.375) / in_order.denominator)
        when 'p' then asin(sqrt(least(1, (in_order.value + 0.375) / (in_order.denominator + 0.75))))
        when 't' then power(in_order.value, 1 / 3.6)
        when 'g' then power(in_order.value + 0.5, 1 / 3.6)
        else in_order.value
    end::double as y,
    case in_order.kind
        when 'count' then 4
        when 'u' then 4 * in_order.denominator
        when 'p' then 4 * in_order.denominator + 2
        else 1
    end::double as weight
from in_order
inner join typical_steps using (metric)
order by position, series_number
