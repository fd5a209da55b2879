export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

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
          created_at?: string;
          id?: number;
        };
        Update: {
          blocked_id?: string;
          blocker_id?: string;
          created_at?: string;
          id?: number;
        };
        Relationships: [
          {
            foreignKeyName: "blocks_blocked_id_fkey";
            columns: ["blocked_id"];
            isOneToOne: false;
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "blocks_blocked_id_fkey";
            columns: ["blocked_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
          },
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "blocks_blocker_id_fkey";
            columns: ["blocker_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
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
          created_at?: string;
          id?: number;
          post_id: number;
          user_id?: string;
        };
        Update: {
          created_at?: string;
          id?: number;
          post_id?: number;
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "bookmarks_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "post_counts";
            referencedColumns: ["post_id"];
          },
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "bookmarks_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
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
          created_at?: string;
          edited_at?: string;
          failed_at?: string | null;
          failure?: string | null;
          id?: string;
          language?: string | null;
          publish_at?: string | null;
          quote_of_id?: number | null;
          reply_to_id?: number | null;
          title?: string;
        };
        Update: {
          audience?: Database["public"]["Enums"]["audience"];
          author_id?: string;
          content?: string;
          content_warning?: string;
          created_at?: string;
          edited_at?: string;
          failed_at?: string | null;
          failure?: string | null;
          id?: string;
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "drafts_author_id_fkey";
            columns: ["author_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
          },
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
          created_at?: string;
          id?: number;
          requester_id?: string;
          target_id: string;
        };
        Update: {
          created_at?: string;
          id?: number;
          requester_id?: string;
          target_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "follow_requests_requester_id_fkey";
            columns: ["requester_id"];
            isOneToOne: false;
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "follow_requests_requester_id_fkey";
            columns: ["requester_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
          },
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "follow_requests_target_id_fkey";
            columns: ["target_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
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
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          followee_id: string;
          follower_id?: string;
          id?: number;
        };
        Update: {
          created_at?: string;
          followee_id?: string;
          follower_id?: string;
          id?: number;
        };
        Relationships: [
          {
            foreignKeyName: "follows_followee_id_fkey";
            columns: ["followee_id"];
            isOneToOne: false;
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "follows_followee_id_fkey";
            columns: ["followee_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
          },
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "follows_follower_id_fkey";
            columns: ["follower_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
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
          created_at?: string;
          id?: number;
          post_id: number;
          user_id?: string;
        };
        Update: {
          created_at?: string;
          id?: number;
          post_id?: number;
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "likes_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "post_counts";
            referencedColumns: ["post_id"];
          },
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "likes_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
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
          created_at?: string;
          list_id: string;
          profile_id: string;
        };
        Update: {
          created_at?: string;
          list_id?: string;
          profile_id?: string;
        };
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "list_members_profile_id_fkey";
            columns: ["profile_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
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
          created_at?: string;
          id?: string;
          is_private?: boolean;
          name: string;
          owner_id?: string;
        };
        Update: {
          created_at?: string;
          id?: string;
          is_private?: boolean;
          name?: string;
          owner_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "lists_owner_id_fkey";
            columns: ["owner_id"];
            isOneToOne: false;
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "lists_owner_id_fkey";
            columns: ["owner_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
          },
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
          muted_id: string;
          muted_until: string | null;
          muter_id: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          hides_notifications?: boolean;
          muted_id: string;
          muted_until?: string | null;
          muter_id?: string;
        };
        Update: {
          created_at?: string;
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "mutes_muted_id_fkey";
            columns: ["muted_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
          },
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "mutes_muter_id_fkey";
            columns: ["muter_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
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
      post_mentions: {
        Row: {
          is_answered: boolean;
          post_id: number;
          profile_id: string;
          since_version: number;
          usernames: string[];
        };
        ComputedFields: never;
        Insert: {
          is_answered?: boolean;
          post_id: number;
          profile_id: string;
          since_version?: number;
          usernames: string[];
        };
        Update: {
          is_answered?: boolean;
          post_id?: number;
          profile_id?: string;
          since_version?: number;
          usernames?: string[];
        };
        Relationships: [
          {
            foreignKeyName: "post_mentions_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "post_counts";
            referencedColumns: ["post_id"];
          },
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
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "post_mentions_profile_id_fkey";
            columns: ["profile_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
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
        Insert: {
          is_open?: boolean;
          post_id: number;
          tag: string;
        };
        Update: {
          is_open?: boolean;
          post_id?: number;
          tag?: string;
        };
        Relationships: [
          {
            foreignKeyName: "post_tags_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "post_counts";
            referencedColumns: ["post_id"];
          },
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
        Insert: {
          content: string;
          content_warning?: string;
          created_at: string;
          post_id: number;
          replaced_at: string;
          title: string;
          version: number;
        };
        Update: {
          content?: string;
          content_warning?: string;
          created_at?: string;
          post_id?: number;
          replaced_at?: string;
          title?: string;
          version?: number;
        };
        Relationships: [
          {
            foreignKeyName: "post_versions_post_id_fkey";
            columns: ["post_id"];
            isOneToOne: false;
            referencedRelation: "post_counts";
            referencedColumns: ["post_id"];
          },
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
          entities: NonNullable<Json>;
          id: number;
          is_open: boolean;
          language: string | null;
          quote_of_id: number | null;
          reply_to_id: number | null;
          repost_of_id: number | null;
          title: string;
          post_counts: {
            likes: number | null;
            post_id: number;
            quotes: number | null;
            replies: number | null;
            reposts: number | null;
          } | null;
        };
        ComputedFields: "post_counts";
        Insert: {
          audience?: Database["public"]["Enums"]["audience"];
          author_id?: string;
          content?: string;
          content_warning?: string;
          created_at?: string;
          edited_at?: string | null;
          entities?: NonNullable<Json>;
          id?: number;
          is_open?: boolean;
          language?: string | null;
          quote_of_id?: number | null;
          reply_to_id?: number | null;
          repost_of_id?: number | null;
          title?: string;
        };
        Update: {
          audience?: Database["public"]["Enums"]["audience"];
          author_id?: string;
          content?: string;
          content_warning?: string;
          created_at?: string;
          edited_at?: string | null;
          entities?: NonNullable<Json>;
          id?: number;
          is_open?: boolean;
          language?: string | null;
          quote_of_id?: number | null;
          reply_to_id?: number | null;
          repost_of_id?: number | null;
          title?: string;
        };
        Relationships: [
          {
            foreignKeyName: "posts_author_id_fkey";
            columns: ["author_id"];
            isOneToOne: false;
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "posts_author_id_fkey";
            columns: ["author_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
          },
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
            referencedRelation: "post_counts";
            referencedColumns: ["post_id"];
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
          is_private: boolean;
          is_searchable: boolean;
          links: string[];
          shows_likes: boolean;
          username: string;
          author_counts: {
            author_id: string;
            posts: number | null;
          } | null;
          follow_counts: {
            followers: number | null;
            following: number | null;
            profile_id: string;
          } | null;
        };
        ComputedFields: "author_counts" | "follow_counts";
        Insert: {
          avatar_url?: string | null;
          bio?: string;
          created_at?: string;
          display_name?: string;
          id: string;
          is_private?: boolean;
          is_searchable?: boolean;
          links?: string[];
          shows_likes?: boolean;
          username: string;
        };
        Update: {
          avatar_url?: string | null;
          bio?: string;
          created_at?: string;
          display_name?: string;
          id?: string;
          is_private?: boolean;
          is_searchable?: boolean;
          links?: string[];
          shows_likes?: boolean;
          username?: string;
        };
        Relationships: [];
      };
      tag_follows: {
        Row: {
          created_at: string;
          tag: string;
          user_id: string;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          tag: string;
          user_id?: string;
        };
        Update: {
          created_at?: string;
          tag?: string;
          user_id?: string;
        };
        Relationships: [
          {
            foreignKeyName: "tag_follows_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "author_counts";
            referencedColumns: ["author_id"];
          },
          {
            foreignKeyName: "tag_follows_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "follow_counts";
            referencedColumns: ["profile_id"];
          },
          {
            foreignKeyName: "tag_follows_user_id_fkey";
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
        Insert: {
          author_id?: string | null;
          posts?: never;
        };
        Update: {
          author_id?: string | null;
          posts?: never;
        };
        Relationships: [];
      };
      follow_counts: {
        Row: {
          followers: number | null;
          following: number | null;
          profile_id: string;
        };
        ComputedFields: never;
        Relationships: [];
      };
      post_counts: {
        Row: {
          likes: number | null;
          post_id: number;
          quotes: number | null;
          replies: number | null;
          reposts: number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      accept_follow_request: { Args: { requester_id: string }; Returns: boolean };
      author_counts: {
        Args: {
          profile: Omit<
            Database["public"]["Tables"]["profiles"]["Row"],
            Database["public"]["Tables"]["profiles"]["ComputedFields"]
          >;
        };
        Returns: {
          author_id: string;
          posts: number | null;
        };
        SetofOptions: {
          from: "profiles";
          to: "author_counts";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      blocked_people: {
        Args: { before?: number; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      bookmarks_feed: {
        Args: { before?: number; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      count_newer: {
        Args: { after: number; feed: Database["public"]["Enums"]["feed"]; of?: string };
        Returns: number;
      };
      decline_follow_request: { Args: { requester_id: string }; Returns: boolean };
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
      follow: { Args: { profile_id: string }; Returns: string };
      follow_counts: {
        Args: {
          profile: Omit<
            Database["public"]["Tables"]["profiles"]["Row"],
            Database["public"]["Tables"]["profiles"]["ComputedFields"]
          >;
        };
        Returns: {
          followers: number | null;
          following: number | null;
          profile_id: string;
        };
        SetofOptions: {
          from: "profiles";
          to: "follow_counts";
          isOneToOne: true;
          isSetofReturn: true;
        };
      };
      followers: {
        Args: { before?: number; page_size?: number; profile_id: string };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      following: {
        Args: { before?: number; page_size?: number; profile_id: string };
        Returns: Database["public"]["CompositeTypes"]["person"][];
        SetofOptions: {
          from: "*";
          to: "person";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      home_feed: {
        Args: { before?: number; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
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
        Args: { before?: number; list_id: string; page_size?: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
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
        Returns: {
          likes: number | null;
          post_id: number;
          quotes: number | null;
          replies: number | null;
          reposts: number | null;
        };
        SetofOptions: {
          from: "posts";
          to: "post_counts";
          isOneToOne: true;
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
        Args: { before?: number; page_size?: number; profile_id: string };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      profile_likes: {
        Args: { before?: number; page_size?: number; profile_id: string };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      profile_replies: {
        Args: { before?: number; page_size?: number; profile_id: string };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      public_feed: {
        Args: { before?: number; page_size?: number };
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
        Args: { before?: number; page_size?: number; post_id: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      remove_follower: { Args: { follower_id: string }; Returns: boolean };
      replies: {
        Args: { before?: number; page_size?: number; post_id: number };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
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
        Args: { before?: number; page_size?: number; query: string };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      set_limits: {
        Args: {
          action?: string;
          per_day?: number;
          per_hour?: number;
          per_minute?: number;
          profile_id: string;
        };
        Returns: number;
      };
      tag_feed: {
        Args: { before?: number; page_size?: number; tag: string };
        Returns: Database["public"]["CompositeTypes"]["feed_item"][];
        SetofOptions: {
          from: "*";
          to: "feed_item";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      thread: {
        Args: { max_depth?: number; post_id: number };
        Returns: Database["public"]["CompositeTypes"]["thread_post"][];
        SetofOptions: {
          from: "*";
          to: "thread_post";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      username_available: { Args: { username: string }; Returns: boolean };
    };
    Enums: {
      audience: "everyone" | "followers" | "mentioned";
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
    };
    CompositeTypes: {
      allowance: {
        action: string | null;
        allowed: number | null;
        per: string | null;
        left: number | null;
        resets_at: string | null;
      };
      author: {
        id: string | null;
        username: string | null;
        display_name: string | null;
        avatar_url: string | null;
      };
      card: {
        id: number | null;
        author: Database["public"]["CompositeTypes"]["author"] | null;
        title: string | null;
        content: string | null;
        content_warning: string | null;
        language: string | null;
        entities: Json | null;
        mentions: Database["public"]["CompositeTypes"]["mention"][] | null;
        audience: Database["public"]["Enums"]["audience"] | null;
        reply_to_id: number | null;
        quote_of_id: number | null;
        created_at: string | null;
        edited_at: string | null;
        likes: number | null;
        replies: number | null;
        reposts: number | null;
        quotes: number | null;
        liked: boolean | null;
        bookmarked: boolean | null;
        reposted: boolean | null;
        is_open: boolean | null;
      };
      feed_item: {
        id: number | null;
        post: Database["public"]["CompositeTypes"]["card"] | null;
        reposted_by: Database["public"]["CompositeTypes"]["author"] | null;
        reply_to: Database["public"]["CompositeTypes"]["author"] | null;
        quoted: Database["public"]["CompositeTypes"]["card"] | null;
      };
      mention: {
        username: string | null;
        profile: Database["public"]["CompositeTypes"]["author"] | null;
      };
      person: {
        id: number | null;
        profile: Database["public"]["CompositeTypes"]["author"] | null;
        is_private: boolean | null;
        is_following: boolean | null;
        is_requested: boolean | null;
        follows_you: boolean | null;
      };
      profile_page: {
        id: string | null;
        username: string | null;
        display_name: string | null;
        bio: string | null;
        avatar_url: string | null;
        links: string[] | null;
        is_private: boolean | null;
        shows_likes: boolean | null;
        created_at: string | null;
        followers: number | null;
        following: number | null;
        posts: number | null;
        is_following: boolean | null;
        is_requested: boolean | null;
        follows_you: boolean | null;
        requests_you: boolean | null;
        is_blocked: boolean | null;
        is_muted: boolean | null;
        muted_until: string | null;
      };
      thread_post: {
        id: number | null;
        reply_to_id: number | null;
        depth: number | null;
        post: Database["public"]["CompositeTypes"]["card"] | null;
        reply_to: Database["public"]["CompositeTypes"]["author"] | null;
        quoted: Database["public"]["CompositeTypes"]["card"] | null;
      };
      visibility: {
        visible: boolean | null;
        rule: string | null;
        explanation: string | null;
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
    },
  },
} as const;
