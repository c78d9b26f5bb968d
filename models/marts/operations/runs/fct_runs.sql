with

runs as (
    select * from {{ ref('stg_history__runs') }}
),

steps as (
    select * from {{ ref('fct_steps') }}
),

-- A scheduler may give one id to several commands (SLUICE_RUN_ID): together they are one run.
whole_runs as (
    select
        run_id,
        arg_max(environment, started_at) as environment,
        arg_max(release_id, started_at) as release_id,
        arg_max(code_commit, started_at) as code_commit,
        string_agg(command, ', ' order by started_at) as commands,
        coalesce(arg_max(outcome, started_at) filter (where outcome <> 'done'), 'done') as outcome,
        arg_max(detail, started_at) filter (where outcome <> 'done') as detail,
        arg_max(actor, started_at) as actor,
        arg_max(sluice_version, started_at) as sluice_version,
        max(exit_code) as exit_code,
        sum(duration_seconds) as duration_seconds,
        bool_or(has_uncommitted_changes) as has_uncommitted_changes,
        min(started_at) as started_at
    from runs
    group by run_id
),

timed as (
    select
        run_id,
        {%- for step in ['ingest', 'build', 'audit', 'publish'] %}
            coalesce(sum(duration_seconds) filter (where step = '{{ step }}'), 0) as {{ step }}_seconds,
        {%- endfor %}
        arg_max(step, step_number) filter (where has_stopped_run) as stopped_step,
        arg_max(detail, step_number) filter (where has_stopped_run) as stopped_detail
    from steps
    group by run_id
),

final as (
    select
        whole_runs.run_id,
        whole_runs.environment,
        whole_runs.release_id,
        whole_runs.code_commit,
        whole_runs.commands,
        whole_runs.outcome,
        timed.stopped_step,
        coalesce(whole_runs.detail, timed.stopped_detail) as detail,
        whole_runs.actor,
        whole_runs.sluice_version,
        whole_runs.exit_code,
        whole_runs.duration_seconds,
        timed.ingest_seconds,
        timed.build_seconds,
        timed.audit_seconds,
        timed.publish_seconds,
        whole_runs.has_uncommitted_changes,
        whole_runs.started_at,
        whole_runs.started_at + to_microseconds(cast(whole_runs.duration_seconds * 1e6 as bigint)) as ended_at
    from whole_runs
    left join timed on whole_runs.run_id = timed.run_id
)

select * from final
