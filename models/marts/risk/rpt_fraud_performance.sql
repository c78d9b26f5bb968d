with

curves as (
    select * from {{ ref('rpt_score_curves') }}
),

ranking as (
    select * from {{ ref('rpt_score_ranking') }}
),

cards as (
    select * from {{ ref('rpt_card_precision') }}
),

calibration as (
    select * from {{ ref('rpt_score_calibration') }}
),

counted as (
    select
        scorer,
        part,
        part_value,
        bool_and(is_model) as is_model,
        cast(sum(payment_count) as bigint) as payment_count,
        cast(sum(fraud_count) as bigint) as fraud_count
    from curves
    group by scorer, part, part_value
),

final as (
    select
        counted.scorer || '|' || counted.part || '|' || counted.part_value as performance_id,
        counted.*,
        ranking.average_precision,
        ranking.average_precision_low,
        ranking.average_precision_high,
        cards.share_of_fraud as card_precision,
        cards.share_of_fraud_low as card_precision_low,
        cards.share_of_fraud_high as card_precision_high,
        ranking.recall_at_cut,
        ranking.recall_at_cut_low,
        ranking.recall_at_cut_high,
        ranking.saved_at_cut,
        ranking.saved_at_cut_low,
        ranking.saved_at_cut_high,
        ranking.score_at_cut,
        calibration.calibration_error,
        calibration.calibration_error_low,
        calibration.calibration_error_high
    from counted
    left join ranking
        on
            counted.scorer = ranking.scorer
            and counted.part = ranking.part
            and counted.part_value = ranking.part_value
    left join cards
        on
            counted.scorer = cards.scorer
            and counted.part = cards.part
            and counted.part_value = cards.part_value
    left join calibration
        on
            counted.scorer = calibration.scorer
            and counted.part = calibration.part
            and counted.part_value = calibration.part_value
)

select * from final
