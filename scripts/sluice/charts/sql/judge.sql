-- Judges every point of every series by the points before it: one row per point.
--
-- In: the table $points that points.sql makes. Each step of the recursion judges one position of all series at once.
-- Out: n (points in the baseline), z (the deviate: normal if nothing has changed), ewma, level (0 nothing, 1 to look at,
-- 2 blocks), side, and what limits.sql needs to draw limits on the scale of the value.
--
-- Sources. Deviates: Quesenberry 1991, "SPC Q charts for start-up processes", with weights and groups as in the recursive
-- residuals of Brown, Durbin and Evans 1975. From Student's t to normal: Hill 1970, algorithm 395. Tests of season and of
-- dispersion: the cube roots of Paulson 1942 and of Wilson and Hilferty 1931. EWMA: Lucas and Saccucci 1990.
with recursive judged as (
    select
        0::bigint as position, series_number,
        -- the baseline: number, weight, mean and sum of squares; the same of the points with a season, whole and by season
        0::double as n, 0::double as total_weight, 0::double as mean, 0::double as squares,
        0::double as grouped, 0::double as grouped_weight, 0::double as grouped_mean, 0::double as grouped_squares,
        0::double as groups, 0::double as within_squares,
        list_resize([]::double[], seasons, 0) as group_weights, list_resize([]::double[], seasons, 0) as group_means,
        -- how a deviate follows the one before it
        0::double as products, 0::double as product_squares, null::double as last_z,
        -- points that signal, one after the other on one side
        0::double as run, 0::double as run_weight, 0::double as run_mean, 0::double as run_squares, 0::integer as settled,
        -- the point as it was judged
        0::double as baseline, null::double as z, 0::double as ewma, 0 as level, 0::double as side, null::double as centre,
        null::double as scale, 0::double as df, 0::double as phi, 1::double as spread,
        false as has_season, false as is_dispersed
    from $points
    where position = 1

    union all

    (
        with point as (
            select
                judged.*,
                points.y, points.weight, points.is_next, points.has_known_variance,
                coalesce(points.season + 1, 0) as group_number,
                coalesce(judged.group_weights[points.season + 1], 0) as group_weight,
                coalesce(judged.group_means[points.season + 1], 0) as group_mean,
                greatest(1, judged.grouped - judged.groups) as group_df,
                greatest(1, judged.groups - 1) as groups_df
            from judged
            inner join $points as points
                on points.series_number = judged.series_number and points.position = judged.position + 1
        ),

        -- Does the season explain the baseline? F test between its groups.
        tested_season as (
            select
                *,
                cbrt((grouped_squares - within_squares) / groups_df / (within_squares / group_df)) as f,
                grouped - groups >= $least_df and groups > 1 and group_weight > 0 and grouped_squares > 0 as could_have_season
            from point
        ),

        with_season as (
            select
                * exclude (has_season),
                could_have_season and (
                    within_squares <= 1e-12 * grouped_squares
                    or f * (1 - 2 / (9 * group_df)) - (1 - 2 / (9 * groups_df))
                    > $season_z * sqrt(2 / (9 * group_df) * f * f + 2 / (9 * groups_df))
                ) as has_season
            from tested_season
        ),

        -- What the baseline predicts, and the degrees of freedom that its length leaves.
        predicted as (
            select
                * exclude (centre),
                if(has_season, group_mean, mean) as centre,
                if(has_season, group_df, greatest(1, n - 1)) as own_df,
                if(has_season, within_squares / group_df, squares / greatest(1, n - 1)) as variance,
                1 / weight + 1 / if(has_season, group_weight, total_weight) as prediction
            from with_season
        ),

        -- Counts have a known variance, unless the baseline is more dispersed: chi-squared test. Does a deviate follow the
        -- one before it? Their correlation against its standard error; if so, the limits of the weighted mean are wider; those
        -- that block are widened on less evidence.
        tested as (
            select
                * exclude (is_dispersed, phi),
                not has_known_variance
                or cbrt(variance) - (1 - 2 / (9 * own_df)) > $dispersion_z * sqrt(2 / (9 * own_df)) as is_dispersed,
                not has_known_variance and variance <= 1e-18 * mean * mean as is_constant,
                products * sqrt(n) / nullif(product_squares, 0) as phi_z,
                if(phi_z > $correlation_z, least(products / product_squares, 0.95), 0) as phi,
                if(phi_z > $block_correlation_z, least(products / product_squares, 0.95), 0) as block_phi
            from predicted
        ),

        scaled as (
            select
                * exclude (df, scale, spread),
                if(is_dispersed, own_df, 1e6) as df,
                case
                    when is_constant then 0
                    else sqrt(prediction * if(is_dispersed, variance, 1))
                end as scale,
                sqrt((1 + phi * (1 - $weight)) / (1 - phi * (1 - $weight))) as spread
            from tested
        ),

        -- From Student's t to the normal deviate of the same probability.
        hill as (
            select
                *,
                (df - 0.5) * ln(1 + power((y - centre) / scale, 2) / df) as u,
                48 * power(df - 0.5, 2) as a
            from scaled
        ),

        deviated as (
            select
                * exclude (z),
                case
                    when n < 2 then null
                    when is_constant and abs(y - centre) <= 1e-9 * abs(centre) then 0
                    when is_constant then sign(y - centre) * $beyond
                    else sign(y - centre) * sqrt(u)
                        * (1 + (u + 3 + (((-0.4 * u - 3.3) * u - 24) * u - 85.5) / (0.8 * u * u + 100 + a)) / a)
                end as z
            from hill
        ),

        -- In the weighted mean, one point counts no more than a limit.
        -- While points are left out, a short baseline does not correct itself: the mean has to go further to block.
        clipped as (
            select
                *,
                greatest(-$look, least($look, z)) as clipped_z,
                sqrt((1 + block_phi * (1 - $weight)) / (1 - block_phi * (1 - $weight))) * (1 + $held / greatest(1, n)) as held
            from deviated
        ),

        smoothed as (
            select
                * exclude (ewma),
                if(
                    n >= $least,
                    greatest(-$ewma_bound * held, least($ewma_bound * held, (1 - $weight) * ewma + $weight * clipped_z)), 0
                ) as ewma
            from clipped
        ),

        signalled as (
            select
                * exclude (level, side),
                case
                    when n < $least then 0
                    when $reach(z) > $block or ($reach(ewma) > $block_ewma * held and z * ewma > 0) then 2
                    when $reach(z) > $look or ($reach(ewma) > $look_ewma * spread and z * ewma > 0) then 1
                    else 0
                end as level,
                case
                    when abs(ewma) > $look_ewma * spread then sign(ewma)
                    when abs(z) > $look and n >= $trusted then sign(z)
                    else 0
                end::double as side
            from smoothed
        ),

        -- A point that signals stays out of the baseline. $settle of them, one after the other on one side, replace it.
        in_runs as (
            select
                * exclude (run, run_weight, run_mean, run_squares),
                if(side = 0, 0, if(sign(run) = side, run, 0) + side) as run,
                if(sign(run) = side, run_weight, 0) as before_weight,
                if(sign(run) = side, run_mean, 0) as before_mean,
                if(sign(run) = side, run_squares, 0) as before_squares,
                if(side = 0, weight, 0) as added,
                side = 0 and group_number > 0 as in_group,
                least(1, $memory / (n + 1)) as kept
            from signalled
        ),

        run_ended as (
            select
                *,
                abs(run) >= $settle as is_settled,
                before_weight + weight as run_weight,
                before_mean + (y - before_mean) * weight / (before_weight + weight) as run_mean,
                before_squares + power(y - before_mean, 2) * before_weight * weight / (before_weight + weight) as run_squares,
                coalesce(side = 0 and is_next and last_z * z is not null, false) as is_pair
            from in_runs
        )

        select
            position + 1, series_number,
            if(is_settled, abs(run), (n + if(side = 0, 1, 0)) * kept),
            if(is_settled, run_weight, (total_weight + added) * kept),
            if(is_settled, run_mean, if(side = 0, mean + (y - mean) * weight / (total_weight + weight), mean)),
            if(is_settled, run_squares, kept * (
                squares + if(side = 0, power(y - mean, 2) * total_weight * weight / (total_weight + weight), 0)
            )),
            if(is_settled, 0, (grouped + if(in_group, 1, 0)) * kept),
            if(is_settled, 0, (grouped_weight + if(in_group, weight, 0)) * kept),
            if(in_group, grouped_mean + (y - grouped_mean) * weight / (grouped_weight + weight), grouped_mean),
            if(is_settled, 0, kept * (
                grouped_squares + if(in_group, power(y - grouped_mean, 2) * grouped_weight * weight / (grouped_weight + weight), 0)
            )),
            if(is_settled, 0, groups + if(in_group and group_weight = 0, 1, 0)),
            if(is_settled, 0, kept * (
                within_squares + if(in_group, power(y - group_mean, 2) * group_weight * weight / (group_weight + weight), 0)
            )),
            if(
                group_number = 0, group_weights,
                list_transform(
                    group_weights, lambda v, i: if(is_settled, 0, kept * if(i = group_number, v + added, v))
                )
            ),
            if(
                not in_group, group_means,
                list_transform(
                    group_means,
                    lambda v, i: if(i = group_number, v + (y - v) * weight / (group_weight + weight), v)
                )
            ),
            if(is_settled, 0, kept * products + if(is_pair, clipped_z * last_z, 0)),
            if(is_settled, 0, kept * product_squares + if(is_pair, clipped_z * clipped_z, 0)),
            if(is_settled, null, clipped_z),
            if(is_settled, 0, run), run_weight, run_mean, run_squares, settled + if(is_settled, 1, 0),
            n, if(n >= $least, z, null), if(is_settled, 0, ewma), level, side, centre, scale, df, phi, spread,
            has_season, is_dispersed
        from run_ended
    )
)

select
    points.*,
    judged.baseline, judged.z, judged.z as level_z, judged.ewma, judged.level, judged.side::integer as side, judged.centre, judged.scale, judged.df,
    judged.scale as lower_scale, judged.df as lower_df, $look as look_limit, $block as block_limit, 1 as mean_counts, judged.phi, judged.spread, judged.settled, judged.has_season, judged.is_dispersed
from judged
inner join $points as points using (series_number, position)
