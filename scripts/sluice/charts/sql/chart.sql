-- What judge.sql found, as a chart shows it: limits on the scale of the value, and the rules that each point breaks.
--
-- In: the table $judged. Out: its rows, with centre, limits for both levels (null on a side that does not signal),
-- strength (the deviate of the point or of the weighted mean, whichever is larger) and rules. The rules other than `point`
-- and `ewma` inform; they set no level, because Western Electric's four together raise a false alarm every 92 points (Champ
-- and Woodall 1987). They are those of the level alone (level_z), without jumps.
--
-- Rules 1 to 4: Western Electric 1956, Statistical Quality Control Handbook. Trend, alternation, hugging and mixture:
-- Nelson 1984, tests 3, 4, 7 and 8. CUSUM: Lucas and Crosier 1982, with k = 0.5 and h = $cusum.
with from_start as (
    select
        *,
        48 * power(df - 0.5, 2) as a,
        48 * power(lower_df - 0.5, 2) as lower_a,
        sum(coalesce(level_z, 0) - 0.5) over one_series as climbed,
        sum(coalesce(level_z, 0) + 0.5) over one_series as fallen
    from $judged
    window one_series as (partition by series_number order by position)
),

-- Student's t whose normal deviate is the limit: Hill 1970, solved by two steps from the normal limit.
first_step as (
    select
        *,
        power(look_limit / (1 + (look_limit * look_limit + 3) / a), 2) as look_u,
        power(block_limit / (1 + (block_limit * block_limit + 3) / a), 2) as block_u,
        power(look_limit / (1 + (look_limit * look_limit + 3) / lower_a), 2) as lower_look_u,
        power(block_limit / (1 + (block_limit * block_limit + 3) / lower_a), 2) as lower_block_u
    from from_start
),

second_step as (
    select
        * replace (
            power(look_limit / (1 + (
                look_u + 3 + (((-0.4 * look_u - 3.3) * look_u - 24) * look_u - 85.5) / (0.8 * look_u * look_u + 100 + a)
            ) / a), 2) as look_u,
            power(block_limit / (1 + (
                block_u + 3 + (((-0.4 * block_u - 3.3) * block_u - 24) * block_u - 85.5) / (0.8 * block_u * block_u + 100 + a)
            ) / a), 2) as block_u,
            power(look_limit / (1 + (
                lower_look_u + 3 + (((-0.4 * lower_look_u - 3.3) * lower_look_u - 24) * lower_look_u - 85.5) / (0.8 * lower_look_u * lower_look_u + 100 + lower_a)
            ) / lower_a), 2) as lower_look_u,
            power(block_limit / (1 + (
                lower_block_u + 3 + (((-0.4 * lower_block_u - 3.3) * lower_block_u - 24) * lower_block_u - 85.5) / (0.8 * lower_block_u * lower_block_u + 100 + lower_a)
            ) / lower_a), 2) as lower_block_u
        )
    from first_step
),

on_scale as (
    select
        *,
        scale * sqrt(df * (exp(look_u / (df - 0.5)) - 1)) as look_width,
        scale * sqrt(df * (exp(block_u / (df - 0.5)) - 1)) as block_width,
        lower_scale * sqrt(lower_df * (exp(lower_look_u / (lower_df - 0.5)) - 1)) as lower_look_width,
        lower_scale * sqrt(lower_df * (exp(lower_block_u / (lower_df - 0.5)) - 1)) as lower_block_width
    from second_step
),

-- The way back from the scale on which points are judged.
drawn as (
    select
        *,
        case when baseline >= $least then list_transform(
            [centre, centre - lower_look_width, centre + look_width, centre - lower_block_width, centre + block_width],
            lambda edge: case kind
                when 'amount' then sinh(edge)
                when 'count' then greatest(0, power(greatest(0, edge), 2) - 0.375)
                when 'u' then greatest(0, power(greatest(0, edge), 2) - 0.375 / denominator)
                when 'p' then greatest(0, least(1, (
                    power(sin(greatest(0, least(pi() / 2, edge))), 2) * (denominator + 0.75) - 0.375
                ) / denominator))
                when 't' then power(greatest(0, edge), 3.6)
                when 'g' then greatest(0, power(greatest(0, edge), 3.6) - 0.5)
                else edge
            end
        ) end as edges
    from on_scale
),

patterns as (
    select
        *,
        climbed - least(0, min(climbed) over one_series) as cusum_upper,
        greatest(0, max(fallen) over one_series) - fallen as cusum_lower,
        sum((level_z > 2)::int) over last_3 as high_3,
        sum((level_z < -2)::int) over last_3 as low_3,
        sum((level_z > 1)::int) over last_5 as high_5,
        sum((level_z < -1)::int) over last_5 as low_5,
        sum((level_z > 0)::int) over last_8 as above_8,
        sum((level_z < 0)::int) over last_8 as below_8,
        sum((abs(level_z) > 1)::int) over last_8 as outer_8,
        sum((abs(level_z) < 1)::int) over last_15 as inner_15,
        sign(level_z - lag(level_z) over one_series) as turn
    from drawn
    window
        one_series as (partition by series_number order by position),
        last_3 as (partition by series_number order by position rows 2 preceding),
        last_5 as (partition by series_number order by position rows 4 preceding),
        last_8 as (partition by series_number order by position rows 7 preceding),
        last_15 as (partition by series_number order by position rows 14 preceding)
),

turns as (
    select
        *,
        sum(turn) over (partition by series_number order by position rows 4 preceding) as turned_5,
        sum((turn * last_turn < 0)::int) over (partition by series_number order by position rows 11 preceding) as changes_12
    from (
        select *, lag(turn) over (partition by series_number order by position) as last_turn
        from patterns
    )
)

select
    metric, kind, measured_at, phase, settled, position, baseline::integer as baseline, value, denominator,
    if(kind in ('p', 'u'), value / denominator, value) as plotted,
    edges[1] as centre, if($has_lower, edges[2], null) as look_lower, if($has_upper, edges[3], null) as look_upper,
    if($has_lower, edges[4], null) as block_lower, if($has_upper, edges[5], null) as block_upper,
    z, ewma, cusum_upper, cusum_lower, level, side,
    greatest(0, $reach(z), mean_counts * $reach(ewma) / spread / $ewma_sigma) as strength,
    has_season, phi, is_dispersed and has_known_variance as is_dispersed,
    list_filter([
        if($reach(z) > $look, 'point', null),
        if($reach(ewma) > $look_ewma * spread and level_z * ewma > 0, 'ewma', null),
        if(abs(level_z) > 3, 'western electric 1', null),
        if(high_3 >= 2 and level_z > 2 or low_3 >= 2 and level_z < -2, 'western electric 2', null),
        if(high_5 >= 4 and level_z > 1 or low_5 >= 4 and level_z < -1, 'western electric 3', null),
        if(above_8 = 8 or below_8 = 8, 'western electric 4', null),
        if(abs(turned_5) = 5, 'nelson 3', null),
        if(changes_12 = 12, 'nelson 4', null),
        if(inner_15 = 15, 'nelson 7', null),
        if(outer_8 = 8, 'nelson 8', null),
        if(greatest(cusum_upper, cusum_lower) > $cusum, 'cusum', null)
    ], lambda rule: rule is not null) as rules
from turns
