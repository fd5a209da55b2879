export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

/** A tag, mention or link in a text. start and end count UTF-16 code units of the field. */
export type Entity = { field: "title" | "content"; start: number; end: number } & (
  | { type: "tag"; tag: string }
  | { type: "mention"; username: string }
  | { type: "link"; url: string }
);

export type Database = {
  public: {
    Tables: {
      blocks: {
        Row: {
          blocked_id: string;
          blocker_id: string;
          created_at: string;
          id: number;
        };
        ComputedFields: never;
        Insert: {
          blocked_id: string;
          blocker_id?: string;
        };
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "blocks_blocked_id_fkey";
            columns: ["blocked_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "blocks_blocker_id_fkey";
            columns: ["blocker_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      bookmarks: {
        Row: {
          created_at: string;
          id: number;
          post_id: number;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          post_id: number;
          user_id?: string;
        };
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "bookmarks_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "posts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "bookmarks_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      drafts: {
        Row: {
          audience: Database["public"]["Enums"]["audience"];
          author_id: string;
          content: string;
          content_warning: string;
          created_at: string;
          edited_at: string;
          failed_at: string | null;
          failure: string | null;
          id: string;
          language: string | null;
          publish_at: string | null;
          quote_of_id: number | null;
          reply_to_id: number | null;
          title: string;
        };
        ComputedFields: never;
        Insert: {
          audience?: Database["public"]["Enums"]["audience"];
          author_id?: string;
          content?: string;
          content_warning?: string;
          id?: string;
          language?: string | null;
          publish_at?: string | null;
          quote_of_id?: number | null;
          reply_to_id?: number | null;
          title?: string;
        };
        Update: {
          audience?: Database["public"]["Enums"]["audience"];
          content?: string;
          content_warning?: string;
          language?: string | null;
          publish_at?: string | null;
          quote_of_id?: number | null;
          reply_to_id?: number | null;
          title?: string;
        };
        Relationships: [
          {
            foreignKeyName: "drafts_author_id_fkey";
            columns: ["author_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      follow_requests: {
        Row: {
          created_at: string;
          id: number;
          requester_id: string;
          target_id: string;
        };
        ComputedFields: never;
        Insert: {
          requester_id?: string;
          target_id: string;
        };
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "follow_requests_requester_id_fkey";
            columns: ["requester_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "follow_requests_target_id_fkey";
            columns: ["target_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      follows: {
        Row: {
          created_at: string;
          followee_id: string;
          follower_id: string;
          id: number;
          notifies: boolean;
        };
        ComputedFields: never;
        Insert: {
          followee_id: string;
          follower_id?: string;
          notifies?: boolean;
        };
        Update: {
          notifies?: boolean;
        };
        Relationships: [
          {
            foreignKeyName: "follows_followee_id_fkey";
            columns: ["followee_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "follows_follower_id_fkey";
            columns: ["follower_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      likes: {
        Row: {
          created_at: string;
          id: number;
          post_id: number;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          post_id: number;
          user_id?: string;
        };
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "likes_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "posts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "likes_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      list_members: {
        Row: {
          created_at: string;
          list_id: string;
          profile_id: string;
        };
        ComputedFields: never;
        Insert: {
          list_id: string;
          profile_id: string;
        };
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "list_members_list_id_fkey";
            columns: ["list_id"];
            isOneToOne: false;
            referencedRelation: "lists";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "list_members_profile_id_fkey";
            columns: ["profile_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      lists: {
        Row: {
          created_at: string;
          id: string;
          is_private: boolean;
          name: string;
          owner_id: string;
        };
        ComputedFields: never;
        Insert: {
          is_private?: boolean;
          name: string;
          owner_id?: string;
        };
        Update: {
          is_private?: boolean;
          name?: string;
        };
        Relationships: [
          {
            foreignKeyName: "lists_owner_id_fkey";
            columns: ["owner_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      mutes: {
        Row: {
          created_at: string;
          hides_notifications: boolean;
          id: number;
          muted_id: string;
          muted_until: string | null;
          muter_id: string;
        };
        ComputedFields: never;
        Insert: {
          hides_notifications?: boolean;
          muted_id: string;
          muted_until?: string | null;
          muter_id?: string;
        };
        Update: {
          hides_notifications?: boolean;
          muted_id?: string;
          muted_until?: string | null;
          muter_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "mutes_muted_id_fkey";
            columns: ["muted_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "mutes_muter_id_fkey";
            columns: ["muter_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      notification_preferences: {
        Row: {
          delivery: Database["public"]["Enums"]["notification_delivery"];
          from_whom: Database["public"]["Enums"]["notification_source"];
          kind: Database["public"]["Enums"]["notification_kind"];
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          delivery?: Database["public"]["Enums"]["notification_delivery"];
          from_whom?: Database["public"]["Enums"]["notification_source"];
          kind: Database["public"]["Enums"]["notification_kind"];
          user_id?: string;
        };
        Update: {
          delivery?: Database["public"]["Enums"]["notification_delivery"];
          from_whom?: Database["public"]["Enums"]["notification_source"];
          kind?: Database["public"]["Enums"]["notification_kind"];
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "notification_preferences_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      post_mentions: {
        Row: {
          is_answered: boolean;
          post_id: number;
          profile_id: string;
          since_version: number;
          usernames: string[];
        };
        ComputedFields: never;
        Insert: Record<string, never>;
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "post_mentions_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "posts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "post_mentions_profile_id_fkey";
            columns: ["profile_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      post_tags: {
        Row: {
          is_open: boolean;
          post_id: number;
          tag: string;
        };
        ComputedFields: never;
        Insert: Record<string, never>;
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "post_tags_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "posts";
            referencedColumns: ["id"];
          },
        ];
      };
      post_versions: {
        Row: {
          content: string;
          content_warning: string;
          created_at: string;
          post_id: number;
          replaced_at: string;
          title: string;
          version: number;
        };
        ComputedFields: never;
        Insert: Record<string, never>;
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "post_versions_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "posts";
            referencedColumns: ["id"];
          },
        ];
      };
      posts: {
        Row: {
          audience: Database["public"]["Enums"]["audience"];
          author_id: string;
          content: string;
          content_warning: string;
          created_at: string;
          edited_at: string | null;
          entities: Entity[];
          id: number;
          is_open: boolean;
          language: string | null;
          quote_of_id: number | null;
          reply_to_id: number | null;
          repost_of_id: number | null;
          thread_id: number | null;
          title: string;
          post_counts: Database["public"]["Views"]["post_counts"]["Row"];
        };
        ComputedFields: "post_counts";
        Insert: {
          audience?: Database["public"]["Enums"]["audience"];
          author_id?: string;
          content?: string;
          content_warning?: string;
          language?: string | null;
          quote_of_id?: number | null;
          reply_to_id?: number | null;
          repost_of_id?: number | null;
          title?: string;
        };
        Update: {
          content?: string;
          content_warning?: string;
          language?: string | null;
          title?: string;
        };
        Relationships: [
          {
            foreignKeyName: "posts_author_id_fkey";
            columns: ["author_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "posts_repost_of_id_fkey";
            columns: ["repost_of_id"];
            isOneToOne: false;
            referencedRelation: "posts";
            referencedColumns: ["id"];
          },
        ];
      };
      profiles: {
        Row: {
          avatar_url: string | null;
          bio: string;
          created_at: string;
          display_name: string;
          id: string;
          is_discoverable: boolean;
          is_private: boolean;
          is_searchable: boolean;
          links: string[];
          shows_likes: boolean;
          username: string;
          author_counts: Database["public"]["Views"]["author_counts"]["Row"];
          follow_counts: Database["public"]["Views"]["follow_counts"]["Row"];
        };
        ComputedFields: "author_counts" | "follow_counts";
        Insert: Record<string, never>;
        Update: {
          avatar_url?: string | null;
          bio?: string;
          display_name?: string;
          is_discoverable?: boolean;
          is_private?: boolean;
          is_searchable?: boolean;
          links?: string[];
          shows_likes?: boolean;
          username?: string;
        };
        Relationships: [];
      };
      suggestions_settings: {
        Row: {
          hides_suggestions: boolean;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          hides_suggestions?: boolean;
          user_id?: string;
        };
        Update: {
          hides_suggestions?: boolean;
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "suggestions_settings_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: true;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      tag_follows: {
        Row: {
          created_at: string;
          tag: string;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          tag: string;
          user_id?: string;
        };
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "tag_follows_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
      thread_mutes: {
        Row: {
          created_at: string;
          post_id: number;
          thread_id: number;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          post_id: number;
          user_id?: string;
        };
        Update: Record<string, never>;
        Relationships: [
          {
            foreignKeyName: "thread_mutes_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["id"];
          },
        ];
      };
    };
    Views: {
      author_counts: {
        Row: {
          author_id: string;
          posts: number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      follow_counts: {
        Row: {
          followers: number;
          following: number;
          profile_id: string;
        };
        ComputedFields: never;
        Relationships: [];
      };
      job_health: {
        Row: {
          dead: number;
          failed: number;
          kind: Database["public"]["Enums"]["job_kind"];
          lost_doorbells: number;
          name: string;
          oldest_at: string | null;
          running: number;
          succeeded_at: string | null;
          waiting: number;
        };
        ComputedFields: never;
        Relationships: [];
      };
      post_counts: {
        Row: {
          likes: number;
          post_id: number;
          quotes: number;
          replies: number;
          reposts: number;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      accept_conversation: { Args: { conversation_id: number }; Returns: undefined };
      accept_follow_request: { Args: { requester_id: string }; Returns: boolean };
      add_members: { Args: { conversation_id: number; member_ids: string[] }; Returns: undefined };
      answer_join_request: {
        Args: { accepts: boolean; conversation_id: number; profile_id: string };
        Returns: boolean;
      };
      author_counts: {
        Args: {
          profile: Omit<
            Database["public"]["Tables"]["profiles"]["Row"],
            Database["public"]["Tables"]["profiles"]["ComputedFields"]
          >;
        };
        Returns: Database["public"]["Views"]["author_counts"]["Row"];
        SetofOptions: {
          from: "profiles";
          to: "author_counts";
          isOneToOne: true;
          isSetofReturn: true;
          isNotNullable: true;
        };
      };
      blocked_people: {
        Args: { after?: number | null; before?: number | null; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      bookmarks_feed: {
        Args: { after?: number | null; before?: number | null; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      chat_settings: {
        Args: Record<PropertyKey, never>;
        Returns: Database["public"]["CompositeTypes"]["chat_settings"];
        SetofOptions: {
          from: "*";
          to: "chat_settings";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      conversation: {
        Args: { conversation_id: number };
        Returns: Database["public"]["CompositeTypes"]["conversation"];
        SetofOptions: {
          from: "*";
          to: "conversation";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      conversation_members: {
        Args: { conversation_id: number };
        Returns: Database["public"]["CompositeTypes"]["conversation_member"][];
        SetofOptions: {
          from: "*";
          to: "conversation_member";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      conversations: {
        Args: {
          before?: number | null;
          folder?: Database["public"]["Enums"]["conversation_folder"];
          page_size?: number;
        };
        Returns: Database["public"]["CompositeTypes"]["conversation"][];
        SetofOptions: {
          from: "*";
          to: "conversation";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      count_newer: {
        Args: { after: number; feed: Database["public"]["Enums"]["feed"]; of?: string | null };
        Returns: number;
      };
      create_group: { Args: { member_ids?: string[]; name: string }; Returns: number };
      create_invite: {
        Args: {
          conversation_id: number;
          expires_at?: string | null;
          max_uses?: number | null;
          needs_approval?: boolean;
        };
        Returns: string;
      };
      decline_conversation: { Args: { conversation_id: number }; Returns: undefined };
      decline_follow_request: { Args: { requester_id: string }; Returns: boolean };
      delete_account: { Args: Record<PropertyKey, never>; Returns: undefined };
      delete_invite: { Args: { code: string; conversation_id: number }; Returns: boolean };
      delete_message: { Args: { for_everyone?: boolean; message_id: number }; Returns: undefined };
      direct_conversation: { Args: { profile_id: string }; Returns: number };
      dismiss_suggestion: { Args: { profile_id: string }; Returns: string };
      edit_message: {
        Args: { content: string; message_id: number };
        Returns: Database["public"]["CompositeTypes"]["message"];
        SetofOptions: {
          from: "*";
          to: "message";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      expire_messages: { Args: { after_seconds: number; conversation_id: number }; Returns: undefined };
      explain_trend: {
        Args: {
          at?: string;
          kind?: Database["public"]["Enums"]["trend_kind"];
          period?: Database["public"]["Enums"]["trend_period"];
          tag: string;
        };
        Returns: Json;
      };
      explain_visibility: {
        Args: { post_id: number };
        Returns: Database["public"]["CompositeTypes"]["visibility"];
        SetofOptions: {
          from: "*";
          to: "visibility";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      follow: { Args: { profile_id: string }; Returns: Database["public"]["Enums"]["follow_state"] };
      follow_counts: {
        Args: {
          profile: Omit<
            Database["public"]["Tables"]["profiles"]["Row"],
            Database["public"]["Tables"]["profiles"]["ComputedFields"]
          >;
        };
        Returns: Database["public"]["Views"]["follow_counts"]["Row"];
        SetofOptions: {
          from: "profiles";
          to: "follow_counts";
          isOneToOne: true;
          isSetofReturn: true;
          isNotNullable: true;
        };
      };
      follow_requests: {
        Args: { after?: number | null; before?: number | null; page_size?: number; sent?: boolean };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      followers: {
        Args: {
          after?: number | null;
          before?: number | null;
          page_size?: number;
          profile_id?: string | null;
          username?: string | null;
        };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      following: {
        Args: {
          after?: number | null;
          before?: number | null;
          page_size?: number;
          profile_id?: string | null;
          username?: string | null;
        };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      hide_trend: {
        Args: { kind: Database["public"]["Enums"]["trend_kind"]; reason?: string; term: string };
        Returns: undefined;
      };
      home_feed: {
        Args: { after?: number | null; before?: number | null; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      invite: {
        Args: { code: string };
        Returns: Database["public"]["CompositeTypes"]["invite_preview"];
        SetofOptions: {
          from: "*";
          to: "invite_preview";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      invites: {
        Args: { conversation_id: number };
        Returns: Database["public"]["CompositeTypes"]["group_invite"][];
        SetofOptions: {
          from: "*";
          to: "group_invite";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      join_by_invite: { Args: { code: string }; Returns: Database["public"]["Enums"]["join_answer"] };
      join_requests: {
        Args: { conversation_id: number };
        Returns: Database["public"]["CompositeTypes"]["author"][];
        SetofOptions: {
          from: "*";
          to: "author";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      leave_conversation: { Args: { conversation_id: number }; Returns: undefined };
      likers: {
        Args: { after?: number | null; before?: number | null; page_size?: number; post_id: number };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      limits: {
        Args: Record<PropertyKey, never>;
        Returns: Database["public"]["CompositeTypes"]["allowance"][];
        SetofOptions: {
          from: "*";
          to: "allowance";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      list_feed: {
        Args: { after?: number | null; before?: number | null; list_id: string; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      mark_conversation_delivered: { Args: { conversation_id: number; seq: number }; Returns: number };
      mark_conversation_read: { Args: { conversation_id: number; seq: number }; Returns: number };
      mark_conversation_unread: { Args: { conversation_id: number }; Returns: number };
      mark_group_read: { Args: { id: number }; Returns: boolean };
      mark_group_unread: { Args: { id: number }; Returns: boolean };
      mark_read: { Args: { up_to: number }; Returns: number };
      me: {
        Args: Record<PropertyKey, never>;
        Returns: Database["public"]["CompositeTypes"]["own_profile"];
        SetofOptions: {
          from: "*";
          to: "own_profile";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      message: {
        Args: { message_id: number };
        Returns: Database["public"]["CompositeTypes"]["message"];
        SetofOptions: {
          from: "*";
          to: "message";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      message_seq_at: { Args: { at: string; conversation_id: number }; Returns: number };
      message_versions: {
        Args: { message_id: number };
        Returns: Database["public"]["CompositeTypes"]["message_version"][];
        SetofOptions: {
          from: "*";
          to: "message_version";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      messages: {
        Args: {
          after?: number | null;
          around?: number | null;
          before?: number | null;
          conversation_id: number;
          page_size?: number;
        };
        Returns: Database["public"]["CompositeTypes"]["message"][];
        SetofOptions: {
          from: "*";
          to: "message";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      muted_people: {
        Args: { after?: number | null; before?: number | null; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["muted_person"][];
        SetofOptions: {
          from: "*";
          to: "muted_person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      notification_actors: {
        Args: { before?: number | null; group_id: number; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["notification_actor"][];
        SetofOptions: {
          from: "*";
          to: "notification_actor";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      notifications: {
        Args: {
          after?: number | null;
          before?: number | null;
          kinds?: Database["public"]["Enums"]["notification_kind"][] | null;
          page_size?: number;
        };
        Returns: Database["public"]["CompositeTypes"]["notification"][];
        SetofOptions: {
          from: "*";
          to: "notification";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      people_like: {
        Args: { page_size?: number; profile_id: string };
        Returns: Database["public"]["CompositeTypes"]["suggestion"][];
        SetofOptions: {
          from: "*";
          to: "suggestion";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      post: {
        Args: { post_id: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      post_counts: {
        Args: {
          post: Omit<
            Database["public"]["Tables"]["posts"]["Row"],
            Database["public"]["Tables"]["posts"]["ComputedFields"]
          >;
        };
        Returns: Database["public"]["Views"]["post_counts"]["Row"];
        SetofOptions: {
          from: "posts";
          to: "post_counts";
          isOneToOne: true;
          isSetofReturn: true;
          isNotNullable: true;
        };
      };
      posts_by_ids: {
        Args: { ids: number[] };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      profile: {
        Args: { username: string };
        Returns: Database["public"]["CompositeTypes"]["profile_page"];
        SetofOptions: {
          from: "*";
          to: "profile_page";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      profile_feed: {
        Args: {
          after?: number | null;
          before?: number | null;
          page_size?: number;
          profile_id?: string | null;
          username?: string | null;
        };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      profile_likes: {
        Args: {
          after?: number | null;
          before?: number | null;
          page_size?: number;
          profile_id?: string | null;
          username?: string | null;
        };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      profile_replies: {
        Args: {
          after?: number | null;
          before?: number | null;
          page_size?: number;
          profile_id?: string | null;
          username?: string | null;
        };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      public_feed: {
        Args: { after?: number | null; before?: number | null; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      publish_draft: { Args: { draft_id: string }; Returns: number };
      quotes: {
        Args: { after?: number | null; before?: number | null; page_size?: number; post_id: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      react: { Args: { emoji: string; message_id: number }; Returns: undefined };
      receipts: {
        Args: { conversation_id: number };
        Returns: Database["public"]["CompositeTypes"]["receipt"][];
        SetofOptions: {
          from: "*";
          to: "receipt";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      remove_follower: { Args: { follower_id: string }; Returns: boolean };
      remove_member: { Args: { conversation_id: number; profile_id: string }; Returns: undefined };
      replies: {
        Args: { after?: number | null; before?: number | null; page_size?: number; post_id: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      reposters: {
        Args: { after?: number | null; before?: number | null; page_size?: number; post_id: number };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      search_messages: {
        Args: { before?: number | null; conversation_id?: number | null; page_size?: number; query: string };
        Returns: Database["public"]["CompositeTypes"]["message"][];
        SetofOptions: {
          from: "*";
          to: "message";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      search_people: {
        Args: { page_size?: number; query: string };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      search_posts: {
        Args: { after?: number | null; before?: number | null; page_size?: number; query: string };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      send_message: {
        Args: {
          client_id: string;
          content?: string;
          conversation_id: number;
          post_id?: number | null;
          reply_to_id?: number | null;
        };
        Returns: Database["public"]["CompositeTypes"]["message"];
        SetofOptions: {
          from: "*";
          to: "message";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      set_chat_settings: {
        Args: {
          shows_presence?: boolean | null;
          shows_receipts?: boolean | null;
          who_adds?: Database["public"]["Enums"]["who_may"] | null;
          who_writes?: Database["public"]["Enums"]["who_may"] | null;
        };
        Returns: Database["public"]["CompositeTypes"]["chat_settings"];
        SetofOptions: {
          from: "*";
          to: "chat_settings";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      set_conversation: {
        Args: {
          conversation_id: number;
          draft?: string | null;
          is_archived?: boolean | null;
          is_pinned?: boolean | null;
          keeps_deleted?: boolean | null;
          muted_until?: string | null;
          shows_receipts?: boolean | null;
        };
        Returns: undefined;
      };
      set_limits: {
        Args: {
          action?: Database["public"]["Enums"]["limited_action"] | null;
          per_day?: number | null;
          per_hour?: number | null;
          per_minute?: number | null;
          profile_id: string;
        };
        Returns: number;
      };
      set_member_role: {
        Args: {
          conversation_id: number;
          profile_id: string;
          role: Database["public"]["Enums"]["conversation_role"];
        };
        Returns: undefined;
      };
      set_trust_seed: { Args: { is_seed?: boolean; profile_id: string }; Returns: undefined };
      show_trend: {
        Args: { kind: Database["public"]["Enums"]["trend_kind"]; term: string };
        Returns: undefined;
      };
      suggestions: {
        Args: { page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["suggestion"][];
        SetofOptions: {
          from: "*";
          to: "suggestion";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      suggestions_seen: { Args: { profile_ids: string[] }; Returns: undefined };
      sync: {
        Args: { cursors?: Json; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["stream_page"][];
        SetofOptions: {
          from: "*";
          to: "stream_page";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      tag_feed: {
        Args: { after?: number | null; before?: number | null; page_size?: number; tag: string };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      thread: {
        Args: { after?: number | null; max_depth?: number; post_id: number };
        Returns: Database["public"]["CompositeTypes"]["thread_post"][];
        SetofOptions: {
          from: "*";
          to: "thread_post";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      transfer_group: { Args: { conversation_id: number; profile_id: string }; Returns: undefined };
      trending_links: {
        Args: {
          language?: string | null;
          page_size?: number;
          period?: Database["public"]["Enums"]["trend_period"];
          scope?: Database["public"]["Enums"]["trend_scope"];
        };
        Returns: Database["public"]["CompositeTypes"]["trending_link"][];
        SetofOptions: {
          from: "*";
          to: "trending_link";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      trending_posts: {
        Args: {
          language?: string | null;
          page_size?: number;
          period?: Database["public"]["Enums"]["trend_period"];
          scope?: Database["public"]["Enums"]["trend_scope"];
        };
        Returns: Database["public"]["CompositeTypes"]["trending_post"][];
        SetofOptions: {
          from: "*";
          to: "trending_post";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      trending_tags: {
        Args: {
          language?: string | null;
          page_size?: number;
          period?: Database["public"]["Enums"]["trend_period"];
          scope?: Database["public"]["Enums"]["trend_scope"];
        };
        Returns: Database["public"]["CompositeTypes"]["trending_tag"][];
        SetofOptions: {
          from: "*";
          to: "trending_tag";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      unreact: { Args: { emoji: string; message_id: number }; Returns: undefined };
      unread: {
        Args: Record<PropertyKey, never>;
        Returns: Database["public"]["CompositeTypes"]["unread_counts"];
        SetofOptions: {
          from: "*";
          to: "unread_counts";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      update_group: {
        Args: {
          conversation_id: number;
          description?: string | null;
          history?: Database["public"]["Enums"]["shown_history"] | null;
          is_locked?: boolean | null;
          keeps_deleted?: boolean | null;
          name?: string | null;
          picture_url?: string | null;
        };
        Returns: undefined;
      };
      username_available: {
        Args: { username: string };
        Returns: Database["public"]["CompositeTypes"]["username_answer"];
        SetofOptions: {
          from: "*";
          to: "username_answer";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      write_post: {
        Args: {
          audience?: Database["public"]["Enums"]["audience"];
          client_id?: string | null;
          content?: string;
          content_warning?: string;
          language?: string | null;
          quote_of_id?: number | null;
          reply_to_id?: number | null;
          repost_of_id?: number | null;
          title?: string;
        };
        Returns: Database["public"]["CompositeTypes"]["feed_item"];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
    };
    Enums: {
      audience: "everyone" | "followers" | "mentioned";
      budget_period: "minute" | "hour" | "day";
      conversation_change:
        | "created"
        | "added"
        | "joined"
        | "left"
        | "removed"
        | "named"
        | "described"
        | "pictured"
        | "locked"
        | "unlocked"
        | "role"
        | "owner"
        | "history"
        | "expiry";
      conversation_folder: "inbox" | "requests" | "archived" | "pinned";
      conversation_kind: "direct" | "group";
      conversation_role: "owner" | "admin" | "member";
      feed:
        | "home"
        | "public"
        | "tag"
        | "list"
        | "profile"
        | "profile_replies"
        | "profile_likes"
        | "bookmarks"
        | "replies"
        | "quotes";
      follow_state: "following" | "requested";
      job_kind: "queue" | "maintenance" | "schedule";
      join_answer: "joined" | "requested";
      limited_action:
        | "post"
        | "reply"
        | "quote"
        | "repost"
        | "edit"
        | "like"
        | "bookmark"
        | "draft"
        | "follow"
        | "follow_request"
        | "tag_follow"
        | "block"
        | "mute"
        | "list"
        | "list_member"
        | "profile"
        | "privacy"
        | "metadata"
        | "setting"
        | "mark_read"
        | "message"
        | "message_edit"
        | "reaction"
        | "conversation"
        | "membership"
        | "search"
        | "suggestion";
      notification_delivery: "off" | "quiet" | "loud";
      notification_kind:
        | "follow"
        | "follow_request"
        | "request_accepted"
        | "like"
        | "repost"
        | "reply"
        | "quote"
        | "mention"
        | "edited"
        | "post"
        | "draft_published"
        | "draft_failed"
        | "filtered_requests";
      notification_source: "everyone" | "established" | "following" | "nobody";
      shown_history: "all" | "joining" | "none";
      suggestion_kind:
        | "followed_by"
        | "follows_you"
        | "both_follow"
        | "followed_alongside"
        | "followers_follow"
        | "writes_about"
        | "new_here"
        | "many_follow";
      trend_kind: "tag" | "link";
      trend_period: "hour" | "day" | "week";
      trend_scope: "everybody" | "network";
      username_refusal: "username_format" | "username_reserved" | "username_taken";
      visibility_rule:
        | "own"
        | "everyone"
        | "follower"
        | "mentioned"
        | "private_account"
        | "followers_only"
        | "mentioned_only"
        | "you_block_author"
        | "not_found";
      who_may: "everyone" | "following" | "nobody";
    };
    CompositeTypes: {
      allowance: {
        action: Database["public"]["Enums"]["limited_action"];
        allowed: number;
        per: Database["public"]["Enums"]["budget_period"];
        left: number;
        resets_at: string | null;
      };
      author: {
        id: string;
        username: string;
        display_name: string;
        avatar_url: string | null;
      };
      card: {
        id: number;
        author: Database["public"]["CompositeTypes"]["author"];
        title: string;
        content: string;
        content_warning: string;
        language: string | null;
        entities: Entity[];
        mentions: Database["public"]["CompositeTypes"]["mention"][];
        audience: Database["public"]["Enums"]["audience"];
        reply_to_id: number | null;
        quote_of_id: number | null;
        created_at: string;
        edited_at: string | null;
        likes: number;
        replies: number;
        reposts: number;
        quotes: number;
        liked: boolean;
        bookmarked: boolean;
        reposted: boolean;
        is_open: boolean;
      };
      chat_settings: {
        who_writes: Database["public"]["Enums"]["who_may"];
        who_adds: Database["public"]["Enums"]["who_may"];
        shows_receipts: boolean;
        shows_presence: boolean;
      };
      conversation: {
        id: number;
        kind: Database["public"]["Enums"]["conversation_kind"];
        name: string | null;
        description: string;
        picture_url: string | null;
        topic: string | null;
        role: Database["public"]["Enums"]["conversation_role"];
        members: Database["public"]["CompositeTypes"]["author"][];
        member_count: number;
        last_message: Database["public"]["CompositeTypes"]["message"] | null;
        last_seq: number;
        read_seq: number;
        unread: number;
        mentions: number;
        is_marked_unread: boolean;
        is_request: boolean;
        is_frozen: boolean;
        is_locked: boolean;
        history: Database["public"]["Enums"]["shown_history"] | null;
        expires_after: number | null;
        muted_until: string | null;
        is_archived: boolean;
        is_pinned: boolean;
        shows_receipts: boolean;
        keeps_deleted: boolean;
        draft: string;
        view: number;
        place: number;
      };
      conversation_member: {
        profile: Database["public"]["CompositeTypes"]["author"];
        role: Database["public"]["Enums"]["conversation_role"];
        is_accepted: boolean;
        joined_at: string;
      };
      feed_item: {
        id: number;
        post: Database["public"]["CompositeTypes"]["card"];
        reposted_by: Database["public"]["CompositeTypes"]["author"] | null;
        reply_to: Database["public"]["CompositeTypes"]["author"] | null;
        quoted: Database["public"]["CompositeTypes"]["card"] | null;
      };
      group_invite: {
        code: string;
        expires_at: string | null;
        uses_left: number | null;
        needs_approval: boolean;
        created_at: string;
      };
      invite_preview: {
        conversation_id: number;
        name: string;
        description: string;
        picture_url: string | null;
        member_count: number;
        needs_approval: boolean;
      };
      mention: {
        username: string;
        profile: Database["public"]["CompositeTypes"]["author"];
      };
      message: {
        id: number;
        conversation_id: number;
        seq: number;
        sender: Database["public"]["CompositeTypes"]["author"] | null;
        client_id: string | null;
        change: Database["public"]["Enums"]["conversation_change"] | null;
        target: Database["public"]["CompositeTypes"]["author"] | null;
        content: string;
        entities: Entity[];
        mentions: Database["public"]["CompositeTypes"]["mention"][];
        reply_to_id: number | null;
        reply_to: Database["public"]["CompositeTypes"]["message_quote"] | null;
        post_id: number | null;
        post: Database["public"]["CompositeTypes"]["card"] | null;
        reactions: Json;
        is_deleted: boolean;
        created_at: string;
        edited_at: string | null;
        expires_at: string | null;
      };
      message_quote: {
        id: number;
        seq: number;
        sender: Database["public"]["CompositeTypes"]["author"] | null;
        content: string;
        is_deleted: boolean;
      };
      message_version: {
        version: number;
        content: string;
        replaced_at: string;
      };
      muted_person: {
        id: number;
        profile: Database["public"]["CompositeTypes"]["author"];
        is_private: boolean;
        is_following: boolean;
        is_requested: boolean;
        follows_you: boolean;
        muted_until: string | null;
        hides_notifications: boolean;
      };
      notification: {
        id: number;
        group_id: number;
        kind: Database["public"]["Enums"]["notification_kind"];
        count: number;
        actors: Database["public"]["CompositeTypes"]["author"][];
        post: Database["public"]["CompositeTypes"]["card"] | null;
        draft_id: string | null;
        is_read: boolean;
        is_quiet: boolean;
        happened_at: string;
        fallback: string;
      };
      notification_actor: {
        id: number;
        profile: Database["public"]["CompositeTypes"]["author"];
        happened_at: string;
      };
      own_profile: {
        id: string;
        username: string;
        display_name: string;
        bio: string;
        avatar_url: string | null;
        links: string[];
        is_private: boolean;
        is_searchable: boolean;
        is_discoverable: boolean;
        shows_likes: boolean;
        created_at: string;
        followers: number;
        following: number;
        posts: number;
        follow_requests: number;
      };
      person: {
        id: number;
        profile: Database["public"]["CompositeTypes"]["author"];
        is_private: boolean;
        is_following: boolean;
        is_requested: boolean;
        follows_you: boolean;
      };
      profile_page: {
        id: string;
        username: string;
        display_name: string;
        bio: string;
        avatar_url: string | null;
        links: string[];
        is_private: boolean;
        shows_likes: boolean;
        created_at: string;
        followers: number | null;
        following: number | null;
        posts: number | null;
        is_following: boolean;
        is_requested: boolean;
        follows_you: boolean;
        requests_you: boolean;
        is_blocked: boolean;
        is_muted: boolean;
        muted_until: string | null;
        notifies: boolean;
      };
      receipt: {
        profile: Database["public"]["CompositeTypes"]["author"];
        delivered_seq: number;
        read_seq: number;
      };
      stream_page: {
        stream: string;
        start_over: boolean;
        cursor: number;
        has_more: boolean;
        events: Json;
        snapshot: Json | null;
      };
      suggestion: {
        profile: Database["public"]["CompositeTypes"]["author"];
        is_private: boolean;
        follows_you: boolean;
        reasons: Database["public"]["CompositeTypes"]["suggestion_reason"][];
      };
      suggestion_reason: {
        kind: Database["public"]["Enums"]["suggestion_kind"];
        people: Database["public"]["CompositeTypes"]["author"][];
        others: number;
        tag: string | null;
      };
      thread_post: {
        id: number;
        reply_to_id: number | null;
        depth: number;
        post: Database["public"]["CompositeTypes"]["card"] | null;
        reply_to: Database["public"]["CompositeTypes"]["author"] | null;
        quoted: Database["public"]["CompositeTypes"]["card"] | null;
      };
      trending_link: {
        url: string;
        people: number;
        expected: number;
        probability: number;
        since: string | null;
        language: string | null;
        posts: Database["public"]["CompositeTypes"]["card"][];
      };
      trending_post: {
        id: number;
        post: Database["public"]["CompositeTypes"]["card"];
        reply_to: Database["public"]["CompositeTypes"]["author"] | null;
        quoted: Database["public"]["CompositeTypes"]["card"] | null;
        people: number;
        score: number;
      };
      trending_tag: {
        tag: string;
        people: number;
        expected: number;
        probability: number;
        since: string | null;
        language: string | null;
        posts: Database["public"]["CompositeTypes"]["card"][];
      };
      unread_counts: {
        notifications: number;
        requests: number;
        cursors: Json;
        messages: number;
        message_requests: number;
      };
      username_answer: {
        available: boolean;
        reason: Database["public"]["Enums"]["username_refusal"] | null;
        message: string | null;
      };
      visibility: {
        visible: boolean;
        rule: Database["public"]["Enums"]["visibility_rule"];
        explanation: string;
      };
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R;
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R;
      }
      ? R
      : never
    : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I;
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I;
      }
      ? I
      : never
    : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U;
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U;
      }
      ? U
      : never
    : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
    : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
    : never;

export const Constants = {
  public: {
    Enums: {
      audience: ["everyone", "followers", "mentioned"],
      budget_period: ["minute", "hour", "day"],
      conversation_change: [
        "created",
        "added",
        "joined",
        "left",
        "removed",
        "named",
        "described",
        "pictured",
        "locked",
        "unlocked",
        "role",
        "owner",
        "history",
        "expiry",
      ],
      conversation_folder: ["inbox", "requests", "archived", "pinned"],
      conversation_kind: ["direct", "group"],
      conversation_role: ["owner", "admin", "member"],
      feed: [
        "home",
        "public",
        "tag",
        "list",
        "profile",
        "profile_replies",
        "profile_likes",
        "bookmarks",
        "replies",
        "quotes",
      ],
      follow_state: ["following", "requested"],
      job_kind: ["queue", "maintenance", "schedule"],
      join_answer: ["joined", "requested"],
      limited_action: [
        "post",
        "reply",
        "quote",
        "repost",
        "edit",
        "like",
        "bookmark",
        "draft",
        "follow",
        "follow_request",
        "tag_follow",
        "block",
        "mute",
        "list",
        "list_member",
        "profile",
        "privacy",
        "metadata",
        "setting",
        "mark_read",
        "message",
        "message_edit",
        "reaction",
        "conversation",
        "membership",
        "search",
        "suggestion",
      ],
      notification_delivery: ["off", "quiet", "loud"],
      notification_kind: [
        "follow",
        "follow_request",
        "request_accepted",
        "like",
        "repost",
        "reply",
        "quote",
        "mention",
        "edited",
        "post",
        "draft_published",
        "draft_failed",
        "filtered_requests",
      ],
      notification_source: ["everyone", "established", "following", "nobody"],
      shown_history: ["all", "joining", "none"],
      suggestion_kind: [
        "followed_by",
        "follows_you",
        "both_follow",
        "followed_alongside",
        "followers_follow",
        "writes_about",
        "new_here",
        "many_follow",
      ],
      trend_kind: ["tag", "link"],
      trend_period: ["hour", "day", "week"],
      trend_scope: ["everybody", "network"],
      username_refusal: ["username_format", "username_reserved", "username_taken"],
      visibility_rule: [
        "own",
        "everyone",
        "follower",
        "mentioned",
        "private_account",
        "followers_only",
        "mentioned_only",
        "you_block_author",
        "not_found",
      ],
      who_may: ["everyone", "following", "nobody"],
    },
  },
} as const;
