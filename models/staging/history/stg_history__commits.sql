-- Left out: parents, incidents and reverts, which sluice dataops reads in lake/ops.
with

source as (
    select * from {{ source('history', 'commits') }}
),

renamed as (
    select
        run_id,
        environment,
        release_id,
        code_commit,

        author,
        subject,
        pull_request as pull_request_number,

        authored_at,
        committed_at
    from source
)

select * from renamed
