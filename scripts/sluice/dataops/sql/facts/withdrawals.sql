-- Every rollback, and the time that it takes back: since the environment last left the release that it goes back to.
select
    back.event_id,
    back.moved_at as withdrawn_at,
    back.release_id as back_to,
    back.from_release_id as withdrawn,
    back.why,
    coalesce(max(stays.left_at), any_value(back.before_at)) as bad_from_at
from moves as back
left join moves as stays on back.release_id = stays.release_id and back.place > stays.place
where back.action = 'rollback'
group by back.event_id, back.moved_at, back.release_id, back.from_release_id, back.why
