-- The points of some series as JSON: numbers with five digits that count, null for what is not a number.
--
-- In: the table `numbered_points`, and $first and $last, the numbers of the series. Times are minutes since 1970: the first one,
-- and the steps to the next ones, which are one number where they are all the same.
with points as (

    select
        *,
        (epoch(measured_at) / 60)::bigint as minute,
        row_number() over oldest_first - 1 as place,
        lag(measured_at) over oldest_first as measured_before,
        minute - lag(minute) over oldest_first as step,
        coalesce(phase > lag(phase) over oldest_first, false) as begins_phase
    from numbered_points
    where number between $first and $last
    window oldest_first as (partition by number order by measured_at)

)

select
    number,
    min(minute) as start,
    coalesce(min(step), 1440) as step,
    min(step) is distinct from max(step) as has_gaps,
    bool_or(denominator is not null) as has_denominator,
    bool_or(is_limited) as is_limited,
    list((place, measured_before, measured_at) order by measured_at) filter (begins_phase) as phases,
    list((place, rules) order by measured_at) filter (level > 0 and is_limited) as rules,
    '[' || coalesce(string_agg(step, ',' order by measured_at), '') || ']' as steps,
    '[' || string_agg(level, ',' order by measured_at) || ']' as levels,
    '[' || string_agg(if(isfinite(plotted), format('{:.5g}', plotted), 'null'), ',' order by measured_at) || ']' as plotted,
    '[' || string_agg(coalesce(format('{:.5g}', denominator), 'null'), ',' order by measured_at) || ']' as denominator,
    '[' || string_agg(coalesce(format('{:.4g}', centre), 'null'), ',' order by measured_at) || ']' as centre,
    '[' || string_agg(coalesce(format('{:.4g}', look_lower), 'null'), ',' order by measured_at) || ']' as look_lower,
    '[' || string_agg(coalesce(format('{:.4g}', look_upper), 'null'), ',' order by measured_at) || ']' as look_upper,
    '[' || string_agg(coalesce(format('{:.4g}', block_lower), 'null'), ',' order by measured_at) || ']' as block_lower,
    '[' || string_agg(coalesce(format('{:.4g}', block_upper), 'null'), ',' order by measured_at) || ']' as block_upper
from points
group by number
