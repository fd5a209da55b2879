-- The Realtime service makes the partitions itself (platform/realtime/database/partitions.ts), also on a
-- database that another Supabase made. So the function of 08-realtime.sql has no caller any more.

set local role supabase_admin;
drop function platform.make_message_partitions();
reset role;
