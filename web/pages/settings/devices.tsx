/** Signs out other devices, or all of them. */
import { useSignal } from "@preact/signals";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { signOut, signOutEverywhere } from "../../app/session.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Page } from "../../parts/page.tsx";

export default function Devices() {
  const asks = useSignal(false);

  async function endOthers(): Promise<void> {
    const { error } = await plaza.auth.signOut({ scope: "others" });
    if (error) throw error;
    toast(t("sign_out_others_done"));
  }

  return (
    <Page title={t("settings_devices")} backTo="/settings">
      <div class="form">
        <p>{t("devices_text")}</p>
        <div class="actions start">
          <Button onClick={signOut}>{t("sign_out_here")}</Button>
          <Button onClick={endOthers}>{t("sign_out_others")}</Button>
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
          onConfirm={signOutEverywhere}
          onClose={() => {
            asks.value = false;
          }}
        />
      )}
    </Page>
  );
}
