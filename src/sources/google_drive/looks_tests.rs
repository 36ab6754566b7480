use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;

fn ids(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("f{n}")).collect()
}

/// How many folders are not looked at yet.
fn left(looks: &Looks) -> usize {
    let halves: usize = looks.halves.iter().map(|look| look.parents.len()).sum();
    looks.fresh.len() + looks.again.len() + looks.alone.len() + halves
}

/// Ends a look with `items` for each of `hit`.
fn end(looks: &mut Looks, mut look: Look, hit: &[&str], items: usize) -> Vec<String> {
    for folder in hit {
        for _ in 0..items {
            look.book(&[(*folder).to_owned()]);
        }
    }
    looks.ended(look)
}

#[test]
fn a_folder_without_a_hit_is_empty_only_when_it_was_alone() {
    let mut looks = Looks::default();
    looks.add(ids(0..3));
    let look = looks.next().unwrap();
    assert_eq!(look.parents, ["f0", "f1", "f2"]);
    assert_eq!(looks.next(), None);
    assert_eq!(end(&mut looks, look, &["f1"], 2), ["f1"]);

    // The others in company once more; that brings nothing, so each alone.
    let look = looks.next().unwrap();
    assert_eq!(look.parents, ["f2", "f0"]);
    assert!(end(&mut looks, look, &[], 0).is_empty());
    for folder in ["f2", "f0"] {
        let look = looks.next().unwrap();
        assert_eq!(look.parents, [folder]);
        assert_eq!(end(&mut looks, look, &[], 0), [folder]);
    }
    assert_eq!((looks.next(), left(&looks)), (None, 0));
}

#[test]
fn an_item_of_nobody_sends_everybody_alone() {
    let mut looks = Looks::default();
    looks.add(ids(0..2));
    let mut look = looks.next().unwrap();
    assert_eq!(look.book(&["f0".into()]), Some("f0"));
    assert_eq!(look.book(&[]), None);
    assert!(looks.ended(look).is_empty());
    let mut look = looks.next().unwrap();
    assert!(look.is_alone());
    assert_eq!(look.book(&[]), Some("f0"), "whoever asked for one folder knows");
    assert_eq!(looks.ended(look), ["f0"]);
}

#[test]
fn a_query_asks_for_as_much_as_fits_on_a_page() {
    let mut looks = Looks::default();
    looks.add(ids(0..1));
    let look = looks.next().unwrap();
    end(&mut looks, look, &["f0"], 900);
    looks.add(ids(1..200));
    let look = looks.next().unwrap();
    assert_eq!(look.parents.len(), 50, "a folder alone says little about others");
    let parents = look.parents.clone();
    let all: Vec<&str> = parents.iter().map(String::as_str).collect();
    end(&mut looks, look, &all, 100);
    let look = looks.next().unwrap();
    assert!((10..50).contains(&look.parents.len()), "{}", look.parents.len());
}

#[test]
fn what_is_too_much_is_halved_and_remembered() {
    let mut looks = Looks::default();
    looks.add(ids(0..200));
    let look = looks.next().unwrap();
    assert_eq!(looks.halve(look, true), None);
    let (one, two) = (looks.next().unwrap(), looks.next().unwrap());
    assert_eq!((one.parents.len(), two.parents.len()), (25, 25));
    assert_eq!(looks.next().unwrap().parents.len(), 25, "others are smaller, too");
    // A folder that is not there spoils only one query, not the size of all.
    let mut looks = Looks::default();
    looks.add(ids(0..200));
    let look = looks.next().unwrap();
    assert_eq!(looks.halve(look, false), None);
    looks.next();
    looks.next();
    assert_eq!(looks.next().unwrap().parents.len(), 50);
    let mut looks = Looks::default();
    looks.add(ids(0..1));
    let look = looks.next().unwrap();
    assert!(looks.halve(look, true).is_some(), "nothing is less than one");
}

#[test]
fn so_much_at_once_and_no_more() {
    let mut looks = Looks::default();
    looks.add(ids(0..50 * 100));
    let mut taken: Vec<Look> = std::iter::from_fn(|| looks.next()).collect();
    assert_eq!(taken.len(), GROUPS);
    looks.ended(taken.pop().unwrap());
    assert!(looks.next().is_some());
}

proptest! {
    /// Whatever queries lose, as long as a query for one folder loses nothing: every
    /// folder's children are found, and only then is it done.
    #[test]
    fn nothing_is_lost(
        sizes in prop::collection::vec(0_usize..5, 1..300),
        losses in prop::collection::vec(any::<bool>(), 1..400),
        fixed in any::<bool>(),
    ) {
        let truth: BTreeMap<String, usize> =
            sizes.iter().enumerate().map(|(n, size)| (format!("f{n}"), *size)).collect();
        let mut looks = Looks::default();
        looks.add(truth.keys().cloned());
        let (mut found, mut done) = (BTreeMap::new(), HashSet::new());
        let (mut draws, mut calls) = (0, 0);
        while let Some(mut look) = looks.next() {
            calls += 1;
            for folder in look.parents.clone() {
                // Either always the same folders are lost, or anyone at any time.
                let draw = if fixed { folder.len() + folder.as_bytes()[1] as usize } else { draws };
                draws += 1;
                if !look.is_alone() && losses[draw % losses.len()] {
                    continue;
                }
                for _ in 0..truth[&folder] {
                    look.book(std::slice::from_ref(&folder));
                }
                found.insert(folder.clone(), truth[&folder]);
            }
            done.extend(looks.ended(look));
        }
        prop_assert_eq!(left(&looks), 0);
        prop_assert_eq!(done.len(), truth.len());
        prop_assert_eq!(found, truth);
        // Each group once, twice more in company at the most, and alone.
        prop_assert!(calls <= sizes.len() + 3 * (sizes.len() / 50 + 1) + 10, "{}", calls);
    }
}

/// What a walk through a forest costs, in a time of its own: so many folders and
/// files below each folder, 300 ms a call, and as many calls at once as
/// [`Pace`](super::super::pace::Pace) comes to allow.
struct Forest {
    /// Folders in each folder, by id.
    folders: BTreeMap<String, Vec<String>>,
    files: usize,
    /// Folders that groups lose.
    lost: fn(&str) -> bool,
}

#[derive(Debug)]
struct Cost {
    seconds: f64,
    calls: usize,
    found: usize,
}

impl Forest {
    fn walk(&self) -> Cost {
        const CALL: u64 = 300;
        let mut looks = Looks::default();
        looks.add(["r".to_owned()]);
        // When a reply comes, and what is left of its look after that page.
        let mut under_way: BTreeMap<(u64, usize), (Look, Vec<String>)> = BTreeMap::new();
        let mut waiting: VecDeque<(Look, Vec<String>)> = VecDeque::new();
        let (mut now, mut calls, mut lanes, mut found) = (0, 0, 16, 0);
        loop {
            while let Some(look) = looks.next() {
                let parents = look.parents.iter();
                let kept = parents.filter(|p| look.is_alone() || !(self.lost)(p));
                let items = kept.flat_map(|p| {
                    let files = (0..self.files).map(move |_| format!("{p}/"));
                    self.folders[p].iter().map(move |f| format!("{p}/{f}")).chain(files)
                });
                let items = items.collect();
                waiting.push_back((look, items));
            }
            while under_way.len() < lanes
                && let Some(next) = waiting.pop_front()
            {
                calls += 1;
                under_way.insert((now + CALL, calls), next);
            }
            let Some(((at, _), (mut look, mut items))) = under_way.pop_first() else { break };
            now = at;
            lanes = (lanes + 1).min(128);
            let rest = items.split_off(items.len().min(1000));
            for item in items {
                let (parent, folder) = item.split_once('/').unwrap();
                look.book(&[parent.to_owned()]);
                found += 1;
                looks.add(Some(folder.to_owned()).filter(|folder| !folder.is_empty()));
            }
            if rest.is_empty() {
                looks.ended(look);
            } else {
                waiting.push_back((look, rest));
            }
        }
        assert_eq!(left(&looks), 0);
        Cost { seconds: now as f64 / 1000.0, calls, found }
    }
}

/// 10,600 folders, each with four files, in one of several shapes.
fn forest(shape: Shape, lost: fn(&str) -> bool) -> Forest {
    let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::from([("r".to_owned(), vec![])]);
    let mut grown = vec![("r".to_owned(), 0)];
    let mut random = 1_u64;
    for n in 0..10_600 {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = (random >> 33) as usize;
        let (parent, depth) = match shape {
            Shape::Wide if n < 100 => grown[0].clone(),
            Shape::Wide => grown[1 + (n - 100) / 105].clone(),
            Shape::Even(fan) => grown[n / fan].clone(),
            // Mostly below young ones, at the most twelve deep.
            Shape::Deep => {
                let oldest = if draw.is_multiple_of(3) { 0 } else { grown.len() * 2 / 3 };
                let (parent, depth) = grown[oldest + draw / 3 % (grown.len() - oldest)].clone();
                if depth < 12 { (parent, depth) } else { grown[0].clone() }
            }
        };
        let id = format!("d{n}");
        folders.entry(parent).or_default().push(id.clone());
        folders.entry(id.clone()).or_default();
        grown.push((id, depth + 1));
    }
    Forest { folders, files: 4, lost }
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    /// A hundred in the root, 105 in each of them.
    Wide,
    /// So many in each.
    Even(usize),
    /// Long ways down.
    Deep,
}

#[test]
fn a_large_register_is_listed_in_few_calls_and_little_time() {
    fn third(id: &str) -> bool {
        id.bytes().fold(7_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))) % 3 == 0
    }
    for (shape, lost, seconds, calls) in [
        (Shape::Wide, false, 4.0, 300),
        (Shape::Even(10), false, 4.0, 300),
        (Shape::Even(3), false, 5.0, 300),
        (Shape::Deep, false, 5.0, 300),
        // A third, some 3,500, is lost in every group: a call for each of these.
        (Shape::Wide, true, 13.0, 4000),
        (Shape::Even(10), true, 13.0, 4000),
        (Shape::Deep, true, 17.0, 4000),
    ] {
        let cost = forest(shape, if lost { third } else { |_| false }).walk();
        assert_eq!(cost.found, 10_600 + 42_404, "{shape:?}");
        assert!(cost.seconds <= seconds && cost.calls <= calls, "{shape:?}: {cost:?}");
    }
}
