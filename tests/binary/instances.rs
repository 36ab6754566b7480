//! One writer: a second instance refuses and says who holds the ledger.

use crate::support::program::Site;
use transship::demo::Fault;

#[tokio::test]
async fn a_second_instance_refuses_until_the_first_is_gone_however_it_went() {
    let site = Site::new().await;
    site.arm("silent@9");
    let first = site.start(&["sync"]);
    site.until("the server is silent", |world| world.struck(Fault::Silent) > 0).await;
    let holder = format!("transship sync, process {}", first.pid());
    for arguments in [&["sync"][..], &["--no-tui"], &["hold", "x1"], &["reconcile"]] {
        let second = site.run(arguments).await.expect(75);
        assert!(second.stderr.contains(&holder), "{second:#?}");
    }
    // Looking is not writing.
    assert_eq!(site.exports().await.len(), 8);
    site.run(&["test"]).await.expect(0);
    assert_eq!(site.destructive_lists(), 1);

    // Its lock dies with it; nobody has to clear anything away.
    first.kill().await;
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}
