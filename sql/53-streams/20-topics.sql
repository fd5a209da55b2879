/*
 * topics
 *
 * The people who may listen to a topic of Realtime. The topic of a stream has the name of the stream.
 * Only the database sends to it, so there is no policy for insert. Realtime asks the policy
 * when somebody joins a topic, and again when their token is refreshed.
 */

create policy "people listen to their own stream"
  on realtime.messages for select
  to authenticated
  using (
    extension = 'broadcast'
    and (select realtime.topic()) = 'user:' || (select auth.uid())
  );
