-- The classical chart: limits at three sigma from the points that set them (is_in_baseline), one set for each phase.
--
-- In: $series (as for points.sql, with is_in_baseline). Out: its rows, with the plotted value, centre, lower, upper and
-- is_signal and z. Kinds: individuals (value), mr, p, u, count (the c chart), laney_p, laney_u, t, g.
-- Source: Montgomery, Introduction to Statistical Quality Control, chapters 6 and 7 (d2 = 1.128, D4 = 3.267); Laney 2002,
-- sigma_z from the mean moving range of the standardised values in order of time; Nelson 1994 (t); Benneyan 2001 (g).
with plotted as (
    select
        *,
        case
            when kind in ('p', 'u', 'laney_p', 'laney_u') then value / denominator
            when kind = 't' then power(value, 1 / 3.6)
            when kind = 'mr' then abs(value - lag(value) over (partition by metric, phase order by measured_at))
            else value
        end as y,
        if(kind in ('p', 'u', 'laney_p', 'laney_u'), denominator, 1) as n
    from $series
),

ranged as (
    select
        *,
        is_in_baseline and kind <> 'mr' as is_measured,
        abs(y - lag(y) over (partition by metric, phase, is_in_baseline order by measured_at)) as moving_range
    from plotted
),

centred as (
    select
        *,
        sum(y * n) filter (is_in_baseline) over one_phase / sum(n) filter (is_in_baseline and y is not null) over one_phase as centre,
        avg(moving_range) filter (is_in_baseline) over one_phase as mean_range
    from ranged
    window one_phase as (partition by metric, phase)
),

spread as (
    select
        *,
        case
            when kind in ('p', 'laney_p') then sqrt(centre * (1 - centre) / n)
            when kind in ('u', 'laney_u', 'count') then sqrt(centre / n)
            when kind = 'g' then sqrt(centre * (centre + 1))
            when kind = 'mr' then centre * 2.267 / 3
            else mean_range / 1.128
        end as sigma
    from centred
),

standardised as (
    select *, (y - centre) / sigma as z, abs(z - lag(z) over (partition by metric, phase, is_in_baseline order by measured_at)) as z_range
    from spread
),

dispersed as (
    select
        *,
        if(
            kind in ('laney_p', 'laney_u'),
            avg(z_range) filter (is_in_baseline) over (partition by metric, phase) / 1.128, 1
        ) as sigma_z
    from standardised
),

limited as (
    select
        *,
        centre + 3 * sigma * sigma_z as upper_y,
        if(kind in ('value', 'amount'), centre - 3 * sigma, greatest(0, centre - 3 * sigma * sigma_z)) as lower_y
    from dispersed
)

select
    metric, kind, measured_at, phase, value, denominator, sigma_z,
    if(kind = 't', power(y, 3.6), y) as plotted,
    if(kind = 't', power(limited.centre, 3.6), limited.centre) as centre,
    if(kind = 't', power(lower_y, 3.6), lower_y) as lower,
    case when kind = 't' then power(upper_y, 3.6) when kind in ('p', 'laney_p') then least(1, upper_y) else upper_y end as upper,
    coalesce(y > upper_y or y < lower_y, false) as is_signal,
    (y - limited.centre) / (sigma * sigma_z) as z
from limited
order by metric, measured_at
