/** Messages that are not sent yet: they wait for the network, or the server refused them. */
import { t } from "../../app/messages.ts";
import { isOffline } from "../../app/sync.ts";
import { Button } from "../../parts/button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { LongText } from "../../parts/long-text.tsx";
import { dropFailed, type FailedMessage, type Outgoing, retry } from "../../store/failed-messages.ts";

export function WaitingItem({ message }: { message: Outgoing }) {
  return (
    <li class="message own-message opens">
      <div class="message-body">
        <div class="bubble waits">
          <LongText text={message.content} field="content" entities={[]} mentions={[]} />
          <p class="message-foot">
            <Icon name="clock" />
            {isOffline.value ? t("progress_waiting") : t("progress_sending")}
          </p>
        </div>
      </div>
    </li>
  );
}

export function FailedItem({ failed }: { failed: FailedMessage }) {
  return (
    <li class="message own-message opens">
      <div class="message-body">
        <div class="bubble failed">
          <LongText text={failed.message.content} field="content" entities={[]} mentions={[]} />
          <p class="message-foot">
            <Icon name="warning" />
            <span>
              {t("progress_failed")} {failed.problem}
            </span>
          </p>
          <div class="actions">
            <Button kind="quiet" icon="trash" onClick={() => dropFailed(failed.key)}>
              {t("drop")}
            </Button>
            <Button icon="send" onClick={() => retry(failed)}>
              {t("try_again")}
            </Button>
          </div>
        </div>
      </div>
    </li>
  );
}
