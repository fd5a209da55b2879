/*
 * events of streams
 *
 * How events are added to a stream (53-streams) and sent. How they look is in 50-groups.sql.
 */

-- Also deletes the events that no longer fit. So a stream has at most 10,000.
create function private.append_events(
  stream private.streams, kind private.event_kind, subjects bigint[], started jsonb default null
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  most integer;
  last_seq bigint;
  hidden_ids uuid[];
  listed jsonb;
  sent text;
begin
  with event as (
    insert into private.stream_events (user_id, seq, kind, subject)
    select stream.user_id, stream.last_seq + subject.place, append_events.kind, subject.id
    from unnest(subjects) with ordinality as subject (id, place)
  )
  update private.streams
  set last_seq = stream.last_seq + cardinality(subjects),
      unread = stream.unread, requests = stream.requests,
      last_id = stream.last_id, read_up_to = stream.read_up_to, newest_group = stream.newest_group,
      told = cardinality(subjects) + case stream.told_second when this.second then stream.told else 0 end,
      told_second = this.second
  from (select extract(epoch from clock_timestamp())::bigint) as this (second)
  where streams.user_id = stream.user_id;

  -- Most transactions have one event.
  for place in 1..cardinality(subjects) loop
    if append_events.kind = 'notification' and append_events.started is null then
      hidden_ids := coalesce(hidden_ids, array(select hidden.id from private.hidden_from(stream.user_id) as hidden (id)));
      listed := (
        select payloads.payload
        from private.group_payloads(stream, hidden_ids, array[subjects[place]]) as payloads
      );
    end if;
    sent := realtime.send(
      jsonb_build_object(
        'seq', stream.last_seq + place,
        'kind', append_events.kind,
        'payload', case append_events.kind
          when 'notification'
            then private.notification_payload(subjects[place], coalesce(append_events.started, listed), stream)
          else private.event_payload(append_events.kind, subjects[place], null, stream)
        end
      ),
      'event', 'user:' || stream.user_id, true
    );
  end loop;

  last_seq := stream.last_seq + cardinality(subjects);
  most := 10000;
  if last_seq > most then
    delete from private.stream_events
    where stream_events.user_id = stream.user_id
      and stream_events.seq <= last_seq - most
      and stream_events.seq > stream.last_seq - most;
  end if;
  return last_seq;
end;
$$;

comment on function private.append_events is 'Writes a stream back, adds events about these subjects to it, and sends them. Answers the number of the last one. started is how the group of the only event looks, if that is known.';
revoke all on function private.append_events (private.streams, private.event_kind, bigint[], jsonb)
  from public, anon, authenticated, service_role;
