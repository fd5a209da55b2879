/** A place in a private topic of Realtime, which this module keeps until it is told to leave. */
import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
import { type BackOff, backOffMs } from "./back-off.ts";
import { type Calling, within } from "./call.ts";

export interface TopicListener {
  /** A broadcast came. */
  heard(event: string, payload: unknown): void;
  /** From now on broadcasts come. Earlier ones are lost. Called again after each new join. */
  joined(): void;
  /** No broadcasts come for now. */
  lost(why: Error): void;
  /** Absent: nobody sees there that the person is online, and the client does not learn who is. */
  presence?: Presence;
}

export interface Presence {
  /** What the others see of this client. */
  key: string;
  /** The keys of everybody who is there now. */
  changed(keys: string[]): void;
}

export interface Topic {
  isJoined(): boolean;
  /** Joins at once if it waits for its next try. */
  retry(): void;
  /** Broadcasts to the others who are there. Without a place, it does nothing. */
  send(event: string, payload: Record<string, unknown>): void;
  /** Leaves. The listener hears nothing any more. */
  leave(): Promise<void>;
}

/**
 * Joins a topic, and joins it again whenever the place is lost.
 *
 * supabase-js itself joins again after its socket was cut. It does not after the server closed the
 * channel, for example because the token expired. A join that the server refuses it repeats without
 * jitter. This module does both.
 */
export function joinTopic(
  supabase: SupabaseClient,
  name: string,
  listener: TopicListener,
  { timeoutMs, stopped, isSignedIn }: Calling,
  backOff?: BackOff,
  /** The end of an earlier place in the same topic. */
  before: Promise<unknown> = Promise.resolve(),
): Topic {
  const { presence } = listener;
  let channel: RealtimeChannel | undefined;
  let isJoined = false;
  let isJoining = false;
  let hasLeft = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** supabase-js has one channel for each topic. So the next one has to wait until this is done. */
  let removed = before;

  async function join(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (hasLeft || channel || isJoining) return;
    isJoining = true;
    const hasToken = await removed.then(refreshToken);
    isJoining = false;
    if (hasLeft) return;
    if (!hasToken) return again();
    const config = { private: true, broadcast: { replication_ready: true } };
    const own = supabase.channel(name, {
      config: presence ? { ...config, presence: { key: presence.key, enabled: true } } : config,
    });
    channel = own;
    own.on("broadcast", { event: "*" }, ({ event, payload }) => {
      if (channel === own) listener.heard(event, payload);
    });
    if (presence) {
      own.on("presence", { event: "sync" }, () => {
        if (channel === own) presence.changed(Object.keys(own.presenceState()));
      });
    }
    // Hosted Supabase answers a join before it hears the database. It says so here when it does.
    own.on("system", {}, ({ status, extension }) => {
      if (channel === own && isJoined && status === "ok" && extension === "system") listener.joined();
    });
    own.subscribe((status, error) => {
      if (channel === own) changed(own, status, error);
    });
  }

  function changed(own: RealtimeChannel, status: string, error?: Error): void {
    if (status === "SUBSCRIBED") {
      failures = 0;
      isJoined = true;
      // The server refuses this to a person who does not show that they are online.
      if (presence) own.track({}).catch(() => {});
      listener.joined();
      return;
    }
    isJoined = false;
    listener.lost(error ?? new Error(status));
    // The channel is closed for good.
    if (status === "CLOSED") again();
    // The server refused, or did not answer.
    else if (supabase.realtime.isConnected()) again(own);
    // supabase-js joins when it has a socket again. Until then the token may have expired.
    else void refreshToken();
  }

  function again(old?: RealtimeChannel): void {
    channel = undefined;
    if (old) removed = remove(old);
    timer = setTimeout(join, backOffMs(++failures, backOff));
  }

  /** The server may never answer. So nobody waits for it longer than for a request. */
  const remove = (old: RealtimeChannel): Promise<unknown> =>
    within(timeoutMs, new AbortController().signal, () => supabase.removeChannel(old)).catch(() => {});

  /** Auth refreshes a token that has expired. @returns whether the socket has a valid token now */
  function refreshToken(): Promise<boolean> {
    return within(timeoutMs, stopped, async () => {
      if (!(await isSignedIn())) return false;
      await supabase.realtime.setAuth();
      return true;
    }).catch(() => false);
  }

  void join();
  return {
    isJoined: () => isJoined,
    retry() {
      if (timer !== undefined) void join();
    },
    send(event, payload) {
      if (isJoined) channel?.send({ type: "broadcast", event, payload }).catch(() => {});
    },
    async leave() {
      hasLeft = true;
      isJoined = false;
      clearTimeout(timer);
      const own = channel;
      channel = undefined;
      await (own ? remove(own) : removed);
    },
  };
}
