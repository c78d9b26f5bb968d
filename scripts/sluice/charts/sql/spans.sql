-- The signals of a chart as spans: points that signal one soon after the other are one signal. One row per span.
--
-- In: $chart that chart.sql makes, and $series with the label of each time. A span ends with the phase, after $quiet
-- points without a signal, and where one begins that blocks. What it expected is that of its strongest point. A change that the weighted mean found is likely
-- to have begun where the mean last left the other side.
with labelled as (
    select
        chart.*, series.label,
        sign(chart.ewma) is distinct from sign(lag(chart.ewma) over one_level) or chart.z is null as is_turn
    from $chart as chart
    inner join $series as series using (metric, measured_at)
    window one_level as (partition by metric, chart.phase, chart.settled order by chart.position)
),

since as (
    select *, last_value(if(is_turn, label, null) ignore nulls) over (partition by metric, phase order by position) as turned_at
    from labelled
),

signals as (
    select
        *, list_has_any(rules, ['ewma']) and not list_has_any(rules, ['point']) as is_of_mean,
        coalesce(position - lag(position) over one_phase > $quiet + 1, true)
        or level = 2 and coalesce(position - lag(if(level = 2, position, null) ignore nulls) over one_phase > $quiet + 1, true)
            as is_start
    from since
    where level > 0
    window one_phase as (partition by metric, phase order by position)
),

numbered as (
    select *, count(*) filter (is_start) over (partition by metric, phase order by position) as span
    from signals
)

select
    metric, arg_min(label, position) as at, arg_max(label, position) as until, count(*) as points, max(level) as level,
    max(strength) as strength, arg_max(side, strength) as side, arg_max(label, strength) as strongest_at,
    arg_max(plotted, strength) as plotted, arg_max(centre, strength) as centre,
    arg_max(look_lower, strength) as look_lower, arg_max(look_upper, strength) as look_upper,
    list_sort(list_distinct(flatten(list(rules)))) as rules,
    arg_min(if(is_of_mean, coalesce(turned_at, label), label), position) as since
from numbered
group by metric, phase, span
order by metric, min(measured_at)
