-- Judges series of many points: parts of a series by the points before the part, all parts at once. One row per point.
--
-- In: the table $points that points.sql makes. Out: as judge.sql, for the points of all parts.
-- A point depends on no verdict, so that nothing is recursive. What was unusual before is kept from teaching the baseline
-- by quantiles: up to a sixth of a baseline may be unusual.
--
-- In a baseline are looked for: the cycle of its step (hour of the day, hour of the week, weekday), the deviation
-- of each side, how heavy each side's tail is (Student's t whose quantiles have the same ratio), and how many independent
-- values it is worth. The deviate is normal if nothing has changed.
with placed as (
    select
        *,
        epoch(measured_at) / cell as cells,
        floor(cells)::bigint as cell_number,
        -- between the middles of two cells the cycle goes straight; a cell with one point is its own middle
        if(typical_step >= cell / 2, 0, cells - cell_number - 0.5) as off_middle
    from (
        select *, if(typical_step >= 86400, 86400, 3600) as cell
        from $points
    )
),

-- Where a part begins: soon after the start each quarter of an octave, later every $part points.
starts as (
    select series_number, start, lead(start, 1, 1e9::bigint) over (partition by series_number order by start) as until
    from (
        select distinct
            series_number,
            if(
                position < 4 * $part, ceil(power(2, floor(4 * log2(position)) / 4)), floor(position / $part) * $part
            )::bigint as start
        from placed
        where position >= $first
    )
),

-- The cycle: its cells are hours or days.
cells as (
    select
        series_number, cell_number, avg(y) as cell_mean, max(position) as last_position, any_value(cell) as cell,
        count(season) > 0 as could_have_season
    from placed
    group by series_number, cell_number
),

seen_cells as (
    select
        starts.series_number, starts.start, cells.cell, cells.cell_number, cells.cell_mean,
        lag(cells.cell_mean) over (partition by starts.series_number, starts.start order by cells.cell_number) as cell_before,
        max(cells.cell_number) over (partition by starts.series_number, starts.start) as newest
    from starts
    inner join cells on starts.series_number = cells.series_number and cells.last_position < starts.start
    where cells.could_have_season
    qualify cells.cell_number > newest - 28 * 86400 / cells.cell
),

cycles as (
    select series_number, start, unnest(if(cell = 86400, [7], [24, 168])) as cycle, cell_number, cell_mean, cell_before
    from seen_cells
),

by_place as (
    select
        series_number, start, cycle, cell_number % cycle as place, count(*) as n, median(cell_mean) as middle,
        var_pop(cell_mean) * count(*) as within_squares
    from cycles
    group by all
),

of_cycle as (
    select
        series_number, start, cycle, sum(n) as n, count(*) as places, min(n) as least_n, sum(within_squares) as within_squares,
        list(place order by place) as known_places, list(middle order by place) as middles
    from by_place
    group by all
),

of_cells as (
    select
        series_number, start, var_pop(cell_mean) * count(*) as squares, median(cell_mean) as middle,
        greatest(0, coalesce(corr(cell_mean, cell_before), 0)) as follows
    from seen_cells
    group by all
),

-- Does the cycle explain the cells? F test, with the degrees of freedom that neighbours leave that follow each other.
tested as (
    select
        of_cycle.*, of_cells.middle as overall,
        greatest(1, (places - 1) * (1 - follows) / (1 + follows)) as places_df,
        greatest(least_n - 1, (n - places) * (1 - follows) / (1 + follows)) as within_df,
        cbrt(greatest(0, squares - within_squares) / (places - 1) / (within_squares / (n - places))) as f
    from of_cycle
    inner join of_cells using (series_number, start)
    where least_n >= 3 and places = cycle
),

seasons as (
    select series_number, start, arg_max(middles, cycle) as profile, max(cycle) as cycle, any_value(overall) as overall
    from tested
    where
        within_squares = 0
        or f * (1 - 2 / (9 * within_df)) - (1 - 2 / (9 * places_df))
        > $season_z * sqrt(2 / (9 * within_df) * f * f + 2 / (9 * places_df))
    group by all
),

in_parts as (
    select
        starts.series_number, starts.start, placed.position, placed.position >= starts.start as is_judged,
        placed.y, placed.weight, placed.is_next,
        coalesce(
            seasons.profile[placed.cell_number % seasons.cycle + 1] * (1 - abs(placed.off_middle))
            + seasons.profile[(placed.cell_number + if(placed.off_middle < 0, -1, 1)) % seasons.cycle + 1] * abs(placed.off_middle),
            0
        ) as expected,
        placed.y - expected as r,
        seasons.cycle is not null as has_season
    from starts
    inner join placed
        on
            starts.series_number = placed.series_number
            and placed.position >= starts.start - $baseline and placed.position < starts.until
    left join seasons on starts.series_number = seasons.series_number and starts.start = seasons.start
),

spread_of as (
    select
        series_number, start, count(*) as n, quantile_cont(r, [0.1587, 0.5, 0.8413]) as q, stddev_pop(r) as deviation,
        median(weight) as usual_weight
    from in_parts
    where not is_judged
    group by all
),

-- For the centre and the correlation only, values are cut at four deviations.
cut as (
    select
        in_parts.*, spread_of.n, sqrt(in_parts.weight / usual_weight) as relative, q[2] as middle,
        if(q[3] > q[1], (q[3] - q[1]) / 2, deviation) as wide,
        greatest(middle - 4 * wide, least(middle + 4 * wide, r)) as cut_r,
        lag(cut_r) over one_part as cut_before,
        -- after a gap, a smooth curve may be anywhere
        avg(r) over (one_part rows between 3 preceding and 1 preceding) as just_before,
        if(in_parts.is_next, (r - just_before) * relative, null) as jump
    from in_parts
    inner join spread_of using (series_number, start)
    window one_part as (partition by in_parts.series_number, in_parts.start order by in_parts.position)
),

-- Values that follow each other say less than so many independent ones.
centres as (
    select
        series_number, start, avg(cut_r) as mean_r,
        greatest(0, least(0.99, coalesce(corr(cut_r, cut_before), 0))) as phi,
        greatest(4, count(*) * (1 - phi) / (1 + phi)) as independent
    from cut
    where not is_judged
    group by all
),

wrong_by as (
    select
        cut.*, centres.mean_r, centres.phi, centres.independent,
        (r - mean_r) * relative as exact_e,
        if(abs(exact_e) <= 1e-9 * (abs(y) + wide), 0, exact_e) as e
    from cut
    inner join centres using (series_number, start)
),

-- Values beyond eight deviations are faults, and say nothing about the tail.
sides as (
    select
        series_number, start,
        quantile_cont(e, [0.6827, 0.98]) filter (e > 0) as up, count(*) filter (e > 0) as n_up,
        quantile_cont(-e, [0.6827, 0.98]) filter (e < 0) as down, count(*) filter (e < 0) as n_down,
        quantile_cont(abs(jump), [0.6827, 0.98]) as jumps
    from wrong_by
    where not is_judged and abs(e) <= 8 * wide
    group by all
),

scales as (
    select
        *,
        greatest(coalesce(up[1], 0), 0.2 * coalesce(down[1], 0)) as scale_up,
        greatest(coalesce(down[1], 0), 0.2 * coalesce(up[1], 0)) as scale_down,
        -- values that hardly ever move, and then far: the few jumps are what is usual
        if(jumps[1] = 0, 0, greatest(jumps[1], jumps[2] / $jump_tail)) as usual_jump,
        -- 2.326: the ratio of these quantiles of the normal distribution
        greatest(0, ln(coalesce(up[2] / scale_up, 1) / 2.326)) as heavy_up,
        greatest(0, ln(coalesce(down[2] / scale_down, 1) / 2.326)) as heavy_down
    from sides
),

scaled as (
    select
        wrong_by.*,
        if(e < 0, scale_down, scale_up) as side_scale,
        greatest($heaviest, 1 / (heavy_up / (1.16 + 0.5 * heavy_up) + 1 / least(2 * n_up + 1, independent))) as df_up,
        greatest($heaviest, 1 / (heavy_down / (1.16 + 0.5 * heavy_down) + 1 / least(2 * n_down + 1, independent))) as df_down,
        if(e < 0, df_down, df_up) as df,
        sqrt(1 + 1 / independent) as widened, scale_up, scale_down, usual_jump
    from wrong_by
    left join scales using (series_number, start)
),

deviated as (
    select
        *,
        (df - 0.5) * ln(1 + power(e / side_scale / widened, 2) / df) as u,
        48 * power(df - 0.5, 2) as a,
        case
            when e = 0 then 0
            when side_scale = 0 then sign(e) * $beyond
            else sign(e) * sqrt(u) * (1 + (u + 3 + (((-0.4 * u - 3.3) * u - 24) * u - 85.5) / (0.8 * u * u + 100 + a)) / a)
        end as level_z,
        -- Where values follow each other closely, a jump is unusual long before the level is.
        ($heaviest - 0.5) * ln(1 + power(jump / nullif(usual_jump, 0), 2) / $heaviest) as j,
        48 * power($heaviest - 0.5, 2) as b,
        coalesce(sign(jump) * sqrt(j) * (
            1 + (j + 3 + (((-0.4 * j - 3.3) * j - 24) * j - 85.5) / (0.8 * j * j + 100 + b)) / b
        ), 0) as jump_z,
        -- The more closely they do, the more a jump counts, and the less the level. For every correlation, the two
        -- together are beyond a limit about as often as a normal deviate.
        $level_counts + $level_counts_phi * phi as level_counts, $jump_counts + $jump_counts_phi * phi as jump_counts,
        abs(jump_counts * jump_z) > abs(level_counts * level_z) as is_jump,
        sign(if(is_jump, jump_z, level_z)) * sqrt(power(level_counts * level_z, 2) + power(jump_counts * jump_z, 2)) as z
    from scaled
),

-- The weighted mean, written out: each deviate counts by how long ago it was.
smoothed as (
    select
        *,
        $weight * power(1 - $weight, position - start)
        * sum(greatest(-$look, least($look, level_z)) * power(1 - $weight, start - position)) over (
            partition by series_number, start order by position
        ) as ewma
    from deviated
),

spreads as (
    select
        series_number, start, quantile_cont(abs(ewma), [0.6827, 0.98]) as means,
        greatest(1, means[1] / $ewma_sigma, means[2] / $ewma_sigma / 2.326) * (1 + 0.5 * any_value(phi)) as spread
    from smoothed
    where not is_judged
    group by all
),

judged as (
    select
        smoothed.* exclude (scale_up, scale_down), spreads.spread,
        -- Limits are those of the level; of a point beyond, those of what says more, as far as the other leaves them.
        $reach(z) > $look as is_beyond, is_beyond and is_jump as by_jump,
        if(by_jump, jump_counts, level_counts) as counts,
        power(if(by_jump, level_counts * level_z, jump_counts * jump_z), 2) as used,
        expected + if(by_jump, just_before, mean_r) as centre,
        if(by_jump, usual_jump, scale_up * widened) / relative as scale,
        if(by_jump, usual_jump, scale_down * widened) / relative as lower_scale,
        case
            when $reach(z) > $block or ($reach(ewma) > $block_ewma * spread and level_z * ewma > 0) then 2
            when $reach(z) > $look or ($reach(ewma) > $look_ewma * spread and level_z * ewma > 0) then 1
            else 0
        end as level
    from smoothed
    inner join spreads using (series_number, start)
    where is_judged
)

select
    points.*,
    coalesce(judged.n, 0)::double as baseline, judged.z, judged.level_z, coalesce(judged.ewma, 0) as ewma, coalesce(judged.level, 0) as level,
    coalesce(if(judged.level = 0, 0, sign(if($reach(judged.z) > $look, judged.z, judged.ewma))), 0)::integer as side,
    judged.centre, judged.scale, if(judged.by_jump, $heaviest, judged.df_up) as df,
    judged.lower_scale, if(judged.by_jump, $heaviest, judged.df_down) as lower_df,
    if(is_beyond, sqrt(greatest(0, $look * $look - used)) / counts, greatest($look, abs(level_z))) as look_limit,
    if(is_beyond, sqrt(greatest(0, $block * $block - used)) / counts, greatest($block, abs(level_z))) as block_limit,
    $mean_counts * (1 - coalesce(judged.phi, 0)) as mean_counts,
    coalesce(judged.phi, 0) as phi, coalesce(judged.spread, 1) as spread, 0 as settled,
    coalesce(judged.has_season, false) as has_season, false as is_dispersed
from $points as points
left join judged using (series_number, position)
