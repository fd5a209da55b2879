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
  most constant integer := 10000;
  first_seq constant bigint := stream.last_seq + 1;
  this_second constant bigint := extract(epoch from clock_timestamp());
  hidden_ids uuid[];
  listed jsonb;
  sent text;
begin
  stream.last_seq := stream.last_seq + cardinality(subjects);
  stream.told := case stream.told_second when this_second then stream.told else 0 end + cardinality(subjects);
  update private.streams
  set last_seq = stream.last_seq, unread = stream.unread, requests = stream.requests,
      last_id = stream.last_id, read_up_to = stream.read_up_to, newest_group = stream.newest_group,
      told_second = this_second, told = stream.told
  where streams.user_id = stream.user_id;

  if append_events.kind = 'notification' and append_events.started is null then
    hidden_ids := array(select hidden.id from private.hidden_from(stream.user_id) as hidden (id));
  end if;
  -- Most transactions have one event.
  for place in 1..cardinality(subjects) loop
    insert into private.stream_events (user_id, seq, kind, subject)
    values (stream.user_id, first_seq + place - 1, append_events.kind, subjects[place]);
    listed := append_events.started;
    if append_events.kind = 'notification' and listed is null then
      listed := (
        select payloads.payload
        from private.group_payloads(stream, hidden_ids, array[subjects[place]]) as payloads
      );
    end if;
    sent := realtime.send(
      jsonb_build_object(
        'seq', first_seq + place - 1,
        'kind', append_events.kind,
        'payload', private.event_payload(append_events.kind, subjects[place], listed, stream)
      ),
      'event', 'user:' || stream.user_id, true
    );
  end loop;

  if stream.last_seq > most then
    delete from private.stream_events
    where stream_events.user_id = stream.user_id
      and stream_events.seq <= stream.last_seq - most and stream_events.seq >= first_seq - most;
  end if;
  return stream.last_seq;
end;
$$;

comment on function private.append_events is 'Writes a stream back, adds events about these subjects to it, and sends them. Answers the number of the last one. started is how the group of the only event looks, if that is known.';
revoke all on function private.append_events (private.streams, private.event_kind, bigint[], jsonb)
  from public, anon, authenticated, service_role;
