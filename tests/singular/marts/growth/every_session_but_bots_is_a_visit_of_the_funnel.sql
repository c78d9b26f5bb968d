with

funnel as (
    select coalesce(sum(session_count), 0) as visit_count
    from {{ ref('rpt_conversion_funnel') }}
    where step = 'visit'
),

sessions as (
    select count(*) as session_count
    from {{ ref('fct_sessions') }}
    where not is_bot
)

select
    funnel.visit_count,
    sessions.session_count
from funnel
cross join sessions
where funnel.visit_count <> sessions.session_count
