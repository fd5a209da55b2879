/** Signs out other devices, or all of them. */
import { useSignal } from "@preact/signals";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { signOut } from "../../app/session.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Page } from "../../parts/page.tsx";
import "../../style/people.css";

export default function Devices() {
  const asks = useSignal(false);

  async function end(scope: "others" | "global"): Promise<void> {
    const { error } = await plaza.auth.signOut({ scope });
    if (error) throw error;
  }

  return (
    <Page title={t("settings_devices")} backTo="/settings">
      <div class="form">
        <p>{t("devices_text")}</p>
        <div class="actions start">
          <Button onClick={signOut}>{t("sign_out_here")}</Button>
          <Button
            onClick={async () => {
              await end("others");
              toast(t("sign_out_others_done"));
            }}
          >
            {t("sign_out_others")}
          </Button>
          <Button
            kind="danger"
            onClick={() => {
              asks.value = true;
            }}
          >
            {t("sign_out_everywhere")}
          </Button>
        </div>
        <p class="note">{t("devices_note")}</p>
      </div>
      {asks.value && (
        <Confirm
          title={t("sign_out_everywhere")}
          text={t("sign_out_everywhere_text")}
          action={t("sign_out_everywhere")}
          onConfirm={() => end("global")}
          onClose={() => {
            asks.value = false;
          }}
        />
      )}
    </Page>
  );
}
