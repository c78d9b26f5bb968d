-- What is drawn small of every series: a path of its newest points, where signals and new phases are, and how it stands.
--
-- In: the table `followed_points` (metric, kind, measured_at, phase, plotted, level, z). Coordinates are whole numbers in a box of
-- 160 by 36: a series that never varies is a line in the middle.
with numbered as (

    select
        *,
        row_number() over newest_first as back,
        phase > lag(phase) over oldest_first as begins_phase
    from followed_points
    where plotted is not null
    window
        newest_first as (partition by metric order by measured_at desc),
        oldest_first as (partition by metric order by measured_at)

),

ranged as (

    select
        metric,
        count(*) as points,
        count(z) as judged,
        count(*) filter (level > 0) as signals,
        max(measured_at) filter (level > 0) as signalled_at,
        max(back) filter (back <= $most) as shown,
        min(plotted) filter (back <= $most) as lowest,
        max(plotted) filter (back <= $most) as highest,
        min(measured_at) as first_at,
        max(measured_at) as last_at,
        arg_max(plotted, measured_at) as newest
    from numbered
    group by metric

),

placed as (

    select
        numbered.*,
        if(shown = 1, 80, round(2 + 156 * (shown - back) / (shown - 1)))::integer as x,
        if(highest > lowest, round(3 + 30 * (highest - plotted) / (highest - lowest)), 18)::integer as y
    from numbered
    inner join ranged using (metric)
    where back <= $most

),

drawn as (

    select
        metric,
        'M' || string_agg(x || ' ' || y, 'L' order by measured_at) as path,
        string_agg(
            '<circle class="' || if(level = 2, 'block', 'look') || '" cx="' || x || '" cy="' || y || '" r="3"/>', ''
            order by measured_at
        ) filter (level > 0) as marks,
        string_agg('<path class="phase" d="M' || x || ' 0V36"/>', '') filter (begins_phase) as phases
    from placed
    group by metric

)

select *
from ranged
inner join drawn using (metric)
