//! One renewal for many endpoints: refresh tokens are good for one use.

use transship::demo::Fault;

use crate::desk::{Desk, Service};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_endpoints_renew_once() {
    let desk = Desk::with(Service::Autodesk, 5, false, |_| ()).await;
    // What the file says has expired.
    desk.expire();
    let before = desk.renewals();
    for result in desk.run(false).await.endpoints {
        Desk::well(&result, &result.name);
    }
    assert_eq!(desk.renewals() - before, 1);
    // The service refuses a token that should be good.
    desk.world().arm(Fault::ApsTokenExpired);
    for result in desk.run(true).await.endpoints {
        Desk::well(&result, &result.name);
    }
    assert_eq!(desk.renewals() - before, 2);
    for name in &desk.names {
        assert_eq!(desk.table_of(name).present, desk.truth().files);
    }
    desk.assert_no_offences("five endpoints");
}

#[tokio::test]
async fn two_processes_renew_once() {
    for _ in 0..4 {
        let mut desk = Desk::with(Service::Autodesk, 5, false, |_| ()).await;
        desk.expire();
        let before = desk.renewals();
        let one = desk.site.start(&["sync"]);
        let data = desk.site.folder().join("other");
        desk.site.keep_in(&data.join("other.db"), &data);
        let two = desk.site.start(&["sync"]);
        one.ended().await.expect(0);
        two.ended().await.expect(0);
        assert_eq!(desk.renewals() - before, 1);
        desk.assert_true("the second ledger");
        desk.assert_no_offences("two processes");
    }
}
