//! What a ledger that was put back from a backup must not do by itself.

use rusqlite::{Connection, params};

use super::{Ledger, deliveries, exports, sql_failure};
use crate::model::{DeliveryState as D, ExportState as X, Failure, FailureClass, Retry};

const DOING: &str = "holding what the restored ledger has open";

impl Ledger {
    /// Makes a restored ledger wait for the operator, in one transaction: holds
    /// everything that could be sent, makes every endpoint compare the Delivered
    /// list in hold mode before it lists, and gives the ledger a new identity, so
    /// that the one it was restored from is told from it. Returns how many items
    /// are held now.
    pub async fn distrust(&self, why: String) -> Result<usize, Failure> {
        self.writer.write(move |c| distrust(c, &why)).await
    }

    /// Whether the endpoint has to compare the Delivered list in hold mode before
    /// anything else.
    pub async fn is_distrusted(&self, endpoint: i64) -> Result<bool, Failure> {
        self.writer
            .write(move |c| {
                c.prepare_cached("SELECT restored FROM endpoints WHERE id = ?")
                    .and_then(|mut select| select.query_row([endpoint], |row| row.get(0)))
                    .map_err(|e| sql_failure("reading the endpoint", &e))
            })
            .await
    }

    /// The Delivered list was compared: what the ledger forgot is in it again.
    pub async fn trust_again(&self, endpoint: i64) -> Result<(), Failure> {
        self.writer
            .write(move |c| {
                c.execute("UPDATE endpoints SET restored = 0 WHERE id = ?", [endpoint])
                    .map(drop)
                    .map_err(|e| sql_failure("dating the endpoint", &e))
            })
            .await
    }
}

fn distrust(connection: &Connection, why: &str) -> Result<usize, Failure> {
    let sql = |e: rusqlite::Error| sql_failure(DOING, &e);
    connection.execute("UPDATE endpoints SET restored = 1", []).map_err(sql)?;
    connection
        .execute(
            "UPDATE meta SET value = ? WHERE key = 'identity'",
            params![format!("{:032x}", rand::random::<u128>())],
        )
        .map_err(sql)?;
    let mut held = 0;
    for export in exports::all_open(connection)? {
        let mut after = export.clone();
        after.state = X::Held;
        after.next_attempt_at = None;
        after.failure = Some(doubt(export.name(), why).advice(
            "ask the receiver; release it to fetch and send it, cancel it if it was delivered",
        ));
        exports::change(connection, &export, &after)?;
        held += 1;
    }
    for delivery in deliveries::all_open(connection)? {
        let (state, advice) = match delivery.state {
            // The forgotten time may have published it under any attempt's name.
            D::Publishing | D::Fencing => (
                D::InDoubt,
                "ask the receiver; `retry` settles it by the temporary file, `cancel` leaves it",
            ),
            // Over there already: nothing is sent any more.
            D::Published | D::Confirmed => continue,
            _ => {
                (D::Held, "ask the receiver; release it to send it, cancel it if it was delivered")
            }
        };
        let mut after = delivery.clone();
        after.state = state;
        after.next_attempt_at = None;
        after.failure = Some(doubt(&delivery.final_name, why).advice(advice));
        deliveries::change(connection, &delivery, std::slice::from_ref(&after))?;
        held += 1;
    }
    Ok(held)
}

fn doubt(name: &str, why: &str) -> Failure {
    Failure::new(FailureClass::Doubt, "going on with", name)
        .said(format!("the ledger was put back from a backup ({why}): it may be delivered already"))
        .retry(Retry::Never)
}
