/**
 * Knows which channels are on which topic. A private and a public topic of the same name
 * are different topics. A topic exists while a channel is on it.
 */
import type { Hub, Topic } from "./state.ts";

export const topicPrefix = "realtime:";

export function createHub(): Hub {
  const topics = new Map<string, Topic>();
  const keyOf = (name: string, isPrivate: boolean) => (isPrivate ? `private ${name}` : `public ${name}`);
  return {
    topics,
    find: (name, isPrivate) => topics.get(keyOf(name, isPrivate)),
    enter(channel) {
      const key = keyOf(channel.name, channel.private);
      let topic = topics.get(key);
      if (!topic) {
        topic = { name: channel.name, private: channel.private, channels: new Set(), present: new Map() };
        topics.set(key, topic);
      }
      topic.channels.add(channel);
      return topic;
    },
    leave(channel) {
      const { topic } = channel;
      topic.channels.delete(channel);
      if (topic.channels.size === 0) topics.delete(keyOf(topic.name, topic.private));
    },
  };
}
