/*
 * chat
 *
 * Fills a town for the scenario chat, with triggers off: :messages messages, of which every
 * second one is in :conversation. The others are in all other conversations, in turns. So
 * neighbours in a conversation are far apart in the table, as in a busy town. Everybody has
 * read everything.
 */

set session_replication_role = replica;

create temporary table bench_rooms as
select
  conversations.id, conversations.last_seq, first_members.user_id as sender_id,
  row_number() over (order by conversations.id <> :conversation, conversations.id) - 1 as place,
  count(*) over () - 1 as others
from private.conversations
cross join lateral (
  select conversation_members.user_id
  from private.conversation_members
  where conversation_members.conversation_id = conversations.id
  order by conversation_members.user_id
  limit 1
) as first_members;

insert into private.messages (id, conversation_id, seq, sender_id, client_id, content, created_at)
select
  stored.n, bench_rooms.id, bench_rooms.last_seq + stored.turn + 1, bench_rooms.sender_id, 'stored ' || stored.n, ':text',
  now() - interval '1 year' + stored.n * interval '1 second'
from (
  select
    numbers.n,
    case when numbers.n % 2 = 0 then 0 else 1 + numbers.n / 2 % counted.others end as place,
    case when numbers.n % 2 = 0 then numbers.n / 2 - 1 else numbers.n / 2 / counted.others end as turn
  from generate_series(1, :messages) as numbers (n)
  cross join (select max(bench_rooms.others) as others from bench_rooms) as counted
) as stored
join bench_rooms on bench_rooms.place = stored.place
order by stored.n;

update private.conversations
set last_seq = (select max(messages.seq) from private.messages where messages.conversation_id = conversations.id);

update private.conversation_members
set read_seq = conversations.last_seq, delivered_seq = conversations.last_seq, shown_seq = conversations.last_seq
from private.conversations
where conversations.id = conversation_members.conversation_id;

set session_replication_role = origin;
